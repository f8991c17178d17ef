"""The loop of `sfumato generate`: recipes to pictures to files, with a bar, and nothing lost when it is interrupted."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sfumato.canvas import Canvas
from sfumato.cli.bar import Bar
from sfumato.cli.output import Output
from sfumato.cli.over import Over, remarks
from sfumato.cli.threads import Threads
from sfumato.cli.way import Sheet, Way, sheet_at
from sfumato.errors import OutputError, RecipeError
from sfumato.inspect.policy import Policy
from sfumato.model import DEFAULT_MODEL, Model, load
from sfumato.notes import recipe_notes
from sfumato.picture import Picture
from sfumato.pipeline import Decoded, Event, groups, trace
from sfumato.recipe import Recipe
from sfumato.samplers.base import Step
from sfumato.underpainting import Underpainting


@runtime_checkable
class Writer(Protocol):
    """Takes finished pictures."""

    def write(self, picture: Picture, /) -> Path:
        """Write one, and say where."""
        ...


RECIPE_SETTINGS = (
    "sampler",
    "grid",
    "steps",
    "guidance",
    "interval",
    "threshold",
    "negative",
    "size",
    "microbatch",
    "background",
    "scale",
)


def draw(
    prompts: Sequence[str],
    settings: Mapping[str, Any],
    report: Any,
    *,
    over: Over,
    way: Way | None = None,
    sheet: str | None = None,
    trace: str | None = None,
    attention: str | None = None,
) -> int:
    """Load the model, make a recipe for each picture, draw them all. Answers the exit code."""
    threads = Threads()
    count = settings.get("count", 1)
    pictures = max(len(prompts) * count, 1) if way is None else way.frames
    output = output_for(settings, pictures)
    whole = sheet_at(sheet, way, output)
    writer = output if whole is None else Sheet(output, whole, pictures, report)
    source, device = settings.get("model", DEFAULT_MODEL), settings.get("device", "cpu")
    model = load_evenly(threads, source, device, weak=settings.get("weak"), fast=fast_of(settings))
    canvas = over.canvas(model, settings)
    chosen = {name: settings[name] for name in RECIPE_SETTINGS if name in settings}
    chosen |= {"canvas": canvas, "strength": over.strength, "seed": settings.get("seed", 0)}
    recipes = model.recipes(prompts, count=count, **chosen) if way is None else way.recipes(model, **chosen)
    for note in remarks(canvas, output.kind):
        report.note(note)
    for prompt in dict.fromkeys(prompts):
        for note in model.notes(prompt):
            report.note(f"{note} [{prompt[:40]!r}]" if len(prompts) > 1 else note)
    for note in recipe_notes(model.bundle, recipes[0]):
        report.note(note)
    return draw_recipes(threads, model, recipes, writer, report, canvas=canvas, trace=trace, attention=attention)


def load_evenly(
    threads: Threads,
    source: str,
    device: str,
    dtype: str = "float32",
    weak: str | Path | None = None,
    fast: str | bool = False,
) -> Model:
    """The model, or its student, and a weak one to guide it, on a number of threads that no pixel depends on."""
    threads()
    return load(source, device=device, dtype=dtype, weak=weak, fast=fast)


def fast_of(settings: Mapping[str, Any]) -> str | bool:
    """The student that draws in the model's place: where it is, True where it is to be found, False for none."""
    return settings.get("student", True) if settings.get("fast", False) else False


def output_for(settings: Mapping[str, Any], pictures: int) -> Output:
    """Where the pictures go."""
    kind, private = settings.get("format"), settings.get("private", False)
    output = Output(settings.get("out", "pictures"), kind=kind, private=private, pictures=pictures)
    if output.kind == "jpeg" and settings.get("background") == "transparent":
        raise OutputError("a JPEG cannot be transparent; choose --format png or webp, or another --background")
    return output


def draw_recipes(
    threads: Threads,
    model: Model,
    recipes: Sequence[Recipe],
    output: Writer,
    report: Any,
    *,
    canvas: Canvas | None = None,
    trace: str | None = None,
    attention: str | None = None,
) -> int:
    """Draw and write; what is finished when Ctrl-C comes is kept and reported."""
    traces: list[str] = []
    bar = Bar(sum(recipe.visits for recipe in recipes))
    done, interrupted, under = 0, False, None if canvas is None else canvas.under
    recording = {"folder": trace, "attention": attention, "alone": len(recipes) == 1}
    try:
        for group in groups(recipes):
            threads()
            for event in events(model, group, traces, under, **recording):
                if isinstance(event, Step):
                    done += len(group)
                    place = min(len(report.made) + 1, len(recipes))
                    words = f"picture {place}/{len(recipes)}, step {event.i + 1}/{group[0].visits}"
                    bar(done, words)
                elif isinstance(event, Decoded):
                    for picture in model.finish(group, event, canvas):
                        path = output.write(picture)
                        bar.clear()
                        report.add(path, picture)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        bar.clear()
    return report.close(interrupted=interrupted, traces=traces)


def events(
    model: Model,
    group: Sequence[Recipe],
    traces: list[str],
    under: Underpainting | None,
    *,
    folder: str | None,
    attention: str | None,
    alone: bool,
) -> Iterator[Event]:
    """The events of one microbatch, recorded on their way if a folder is given; several pictures get one each."""
    if folder is None:
        return trace(model.bundle, *group, under=under)
    if len(group) > 1 or group[0].microbatch > 1:
        raise RecipeError("a trace is of one picture at a time; leave out --microbatch, or --trace")
    from sfumato.inspect.recorder import record

    target = Path(folder) if alone else Path(folder) / f"{len(traces) + 1:04d}"
    traces.append(str(target))
    return record(model.bundle, group[0], target, Policy(attention=attention), under=under)

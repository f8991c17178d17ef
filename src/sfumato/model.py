"""The five-line way in: load a model, ask for pictures.

import sfumato
model = sfumato.load("bozzetto")
for picture in model.generate("a red apple, 3d render", seed=7, count=4):
    picture.save(f"apple-{picture.recipe.seed}.png")
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfumato.choices import as_tuples, choose, describe, near
from sfumato.errors import RecipeError
from sfumato.guidance import GUIDANCES
from sfumato.picture import Picture, to_bytes
from sfumato.pipeline import Bundle, Decoded, Event, check, trace
from sfumato.recipe import PROMPT_LIMIT, Recipe, parse_options
from sfumato.samplers import SAMPLERS

DEFAULT_MODEL = "bozzetto"
"""The model that is used where none is named."""

FALLBACK = {"steps": 30, "grid": "trailing", "sampler": {"kind": "ddim"}, "guidance": {"kind": "classifier-free"}}
"""A recipe's entries where neither the user nor the model says anything."""


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model. All drawing goes through recipes, so every picture can be made again from its recipe alone.

    The pixels do not depend on batch, order or company, nor on the number of threads where that is a power of two
    (`sfumato generate` sees to it; here it is torch.set_num_threads, and the recipe names any other number).
    """

    bundle: Bundle

    @property
    def name(self) -> str:
        """The model's name."""
        return self.bundle.name

    @property
    def card(self) -> Mapping[str, Any]:
        """Data, licences, recipe, steps, time, machine and numbers of this model."""
        return self.bundle.card

    def recipe(
        self,
        prompt: str = "",
        *,
        seed: int = 0,
        negative: str = "",
        steps: int | None = None,
        guidance: float | Mapping[str, Any] | None = None,
        sampler: str | Mapping[str, Any] | None = None,
        grid: str | None = None,
        size: tuple[int, int] | int | None = None,
        microbatch: int = 1,
        background: str = "white",
    ) -> Recipe:
        """The whole recipe of one picture; what is None is the model's default.

        A prompt past 2,000 characters is cut (see `notes`).

        guidance: the scale w, or a table of options. sampler: "ddim", "ddim:eta=0.5", or a table. size: (width,
        height), or one side. microbatch: pictures in every call of the network. The last bits of a picture depend on
        it. background: what shows behind a picture with alpha: "white", "#rrggbb", or "transparent".

        Raises:
            RecipeError: a value that this model cannot do.
        """
        defaults = FALLBACK | dict(self.bundle.defaults)
        side = size if size is not None else defaults.get("size", self.bundle.sizes[0])
        recipe = Recipe(
            prompt=_cut(prompt, "a prompt"),
            negative=_cut(negative, "a negative prompt"),
            seed=seed,
            model=self.bundle.name,
            model_hash=self.bundle.model_hash,
            size=(side, side) if isinstance(side, int) else as_tuples(side),
            steps=defaults["steps"] if steps is None else steps,
            grid=defaults["grid"] if grid is None else grid,
            sampler=_sampler(defaults["sampler"] if sampler is None else sampler, defaults["sampler"]),
            guidance=_guidance(guidance, defaults["guidance"]),
            dtype=self.bundle.dtype,
            microbatch=microbatch,
            background=background,
            engine=self.bundle.engine,
        )
        check(self.bundle, [recipe])
        return recipe

    def recipes(self, prompts: str | Sequence[str], *, seed: int = 0, count: int = 1, **settings: Any) -> list[Recipe]:
        """`count` recipes for each prompt, with the seeds seed, seed + 1, ...; `settings` are those of `recipe`."""
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise RecipeError(f"count is {count!r}; expected a whole number from 1")
        listed = [prompts] if isinstance(prompts, str) else list(prompts)
        return [self.recipe(prompt, seed=seed + k, **settings) for prompt in listed for k in range(count)]

    def notes(self, prompt: str) -> tuple[str, ...]:
        """What the user should know of how a prompt is read: where it is cut, which words are unknown."""
        read = getattr(self.bundle.conditioner, "notes", None)
        notes = () if read is None else tuple(read(prompt[:PROMPT_LIMIT]))
        if len(prompt) >= PROMPT_LIMIT:
            notes = (f"the prompt is cut after {PROMPT_LIMIT} characters, which is all that a recipe holds", *notes)
        return notes

    def generate(
        self, prompts: str | Sequence[str] = "", *, seed: int = 0, count: int = 1, **settings: Any
    ) -> list[Picture]:
        """Pictures for one prompt or several, `count` for each.

        Raises:
            RecipeError: a setting that is unknown or that this model cannot do.
        """
        return self.draw(self.recipes(prompts, seed=seed, count=count, **settings))

    def draw(self, recipes: Sequence[Recipe]) -> list[Picture]:
        """The picture of each recipe, in order."""
        return [picture for group in groups(recipes) for picture in self.draw_group(group)]

    def draw_group(self, group: Sequence[Recipe]) -> list[Picture]:
        """The pictures of one microbatch."""
        for event in trace(self.bundle, *group):
            if isinstance(event, Decoded):
                return self.finish(group, event)
        raise AssertionError("a trace ends with Decoded")

    def finish(self, group: Sequence[Recipe], event: Decoded) -> list[Picture]:
        """The pictures of the last event of a trace."""
        pairs = zip(to_bytes(event.image, group[0].background), group, strict=True)
        return [Picture.from_pixels(pixels, recipe, self.notes(recipe.prompt)) for pixels, recipe in pairs]

    def trace(self, prompt: str = "", **settings: Any) -> Iterator[Event]:
        """Every event of one picture: Encoded, a Step for each level (x_t, x0_hat, eps_hat, terms), Decoded."""
        return trace(self.bundle, self.recipe(prompt, **settings))


def groups(recipes: Sequence[Recipe]) -> Iterator[tuple[Recipe, ...]]:
    """Neighbours that can share a microbatch, at most as many as it holds."""
    group: list[Recipe] = []
    for recipe in recipes:
        if group and (len(group) == recipe.microbatch or not recipe.agrees(group[0])):
            yield tuple(group)
            group = []
        group.append(recipe)
    if group:
        yield tuple(group)


def load(source: str | os.PathLike[str] = DEFAULT_MODEL, *, device: str = "cpu", dtype: str = "float32") -> Model:
    """A model by its shipped name or from its folder.

    device: cpu, cuda, cuda:1, mps or auto. dtype: the number format of the network (float32, bfloat16, float16).

    Raises:
        CheckpointError: missing, damaged or not understood. UnavailableError: no such device.
    """
    from sfumato.checkpoint import load as load_bundle

    return Model(load_bundle(source, device=device, dtype=dtype))


def generate(
    prompts: str | Sequence[str] = "",
    *,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    device: str = "cpu",
    **settings: Any,
) -> list[Picture]:
    """Pictures with a shipped model, in one line: `sfumato.generate("a red apple, 3d render")[0].save("apple.png")`."""
    return load(model, device=device).generate(prompts, **settings)


def _cut(prompt: Any, what: str) -> str:
    if not isinstance(prompt, str):
        raise RecipeError(f"{what} is {prompt!r}; expected text")
    return prompt[:PROMPT_LIMIT]


def _sampler(choice: Any, default: Mapping[str, Any]) -> dict[str, Any]:
    """The sampler with every option written out; the model's own options where it names the model's own kind alone."""
    options = parse_options(choice) if isinstance(choice, str) else choice
    if not isinstance(options, Mapping):
        raise RecipeError(f"sampler is {choice!r}; expected a name such as 'ddim' or a table; {near('', SAMPLERS)}")
    if options == {"kind": default.get("kind")}:
        options = default
    return describe(SAMPLERS, choose(SAMPLERS, options, "sampler"))


def _guidance(choice: Any, default: Mapping[str, Any]) -> dict[str, Any]:
    """A number replaces the scale of the model's default; a table replaces it whole."""
    if choice is None:
        options: Mapping[str, Any] = default
    elif isinstance(choice, Mapping):
        options = {"kind": "classifier-free"} | dict(choice)
    elif isinstance(choice, int | float) and not isinstance(choice, bool):
        options = dict(default) | {"scale": float(choice)}
    else:
        raise RecipeError(
            f"guidance is {choice!r}; expected a number (0 ignores the prompt, 1 follows it plainly) or a table"
        )
    return describe(GUIDANCES, choose(GUIDANCES, options, "guidance"))

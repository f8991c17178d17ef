"""The five-line way in: load a model, ask for pictures.

import sfumato
model = sfumato.load("tavola")
for picture in model.generate("a red apple, 3d render", seed=7, count=4):
    picture.save(f"apple-{picture.recipe.seed}.png")
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfumato.canvas import Canvas, Source, open_canvas
from sfumato.choices import as_tuples
from sfumato.errors import RecipeError
from sfumato.notes import prompt_notes, recipe_notes
from sfumato.options import whole_guidance, whole_sampler, whole_threshold
from sfumato.picture import Picture, enlarged, to_bytes
from sfumato.pipeline import Bundle, Decoded, Event, check, groups, trace
from sfumato.recipe import PROMPT_LIMIT, Recipe
from sfumato.stream import beliefs

DEFAULT_MODEL = "tavola"
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
        scale: int = 1,
        canvas: Canvas | None = None,
        strength: float | None = None,
        between: Mapping[str, Any] | None = None,
        interval: tuple[float, float] | None = None,
        threshold: str | Mapping[str, Any] | None = None,
    ) -> Recipe:
        """The whole recipe of one picture; None is the model's default. A prompt is cut at 2,000 characters (`notes`).

        guidance: the scale w, or a table of options; interval: the times (low, high) between which it guides. sampler:
        "ddim:eta=0.5", or a table. size: (width, height), or one side. microbatch: pictures in every call of the
        network (the last bits depend on it). background: behind a picture with alpha: "white", "#rrggbb",
        "transparent". scale: how many times larger the drawn picture is made (1, 2, 4). canvas: the picture to draw
        over (see `canvas`); strength: the share of the steps made on it, 1 with a mask and 0.6 without. between: the
        end of a way from prompt and seed, and this picture's share of it (prompt, seed, share). threshold: bounds of
        x0_hat, as "static:limit=1".

        Raises:
            RecipeError: a value that this model cannot do.
        """
        defaults = FALLBACK | dict(self.bundle.defaults)
        under = None if canvas is None else canvas.under
        recipe = Recipe(
            prompt=_cut(prompt, "a prompt"),
            negative=_cut(negative, "a negative prompt"),
            seed=seed,
            model=self.bundle.name,
            model_hash=self.bundle.model_hash,
            size=self._size(size),
            steps=defaults["steps"] if steps is None else steps,
            grid=defaults["grid"] if grid is None else grid,
            sampler=whole_sampler(defaults["sampler"] if sampler is None else sampler, defaults["sampler"]),
            guidance=whole_guidance(guidance, defaults["guidance"], interval=interval, weak=self.bundle.weak),
            dtype=self.bundle.dtype,
            microbatch=microbatch,
            background=background,
            scale=scale,
            init="" if under is None else under.init,
            mask="" if under is None else under.mask,
            strength=strength if strength is not None else canvas.strength if canvas is not None else 1.0,
            between=between or {},
            threshold=whole_threshold(defaults.get("threshold", {}) if threshold is None else threshold),
            engine=self.bundle.engine,
        )
        if canvas is not None:
            canvas.refuse_other(recipe.finished_size)
        check(self.bundle, [recipe], under)
        return recipe

    def recipes(self, prompts: str | Sequence[str], *, seed: int = 0, count: int = 1, **settings: Any) -> list[Recipe]:
        """`count` recipes for each prompt, with the seeds seed, seed + 1, ...; `settings` are those of `recipe`."""
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise RecipeError(f"count is {count!r}; expected a whole number from 1")
        listed = [prompts] if isinstance(prompts, str) else prompts
        return [self.recipe(prompt, seed=seed + k, **settings) for prompt in listed for k in range(count)]

    def way(
        self, start: str, end: str, *, seed: int = 0, to_seed: int | None = None, count: int = 8, **settings: Any
    ) -> list[Recipe]:
        """`count` recipes evenly along the way from one prompt and seed to another, both ends among them."""
        if not isinstance(count, int) or isinstance(count, bool) or count < 2:
            raise RecipeError(f"count is {count!r}; a way has two ends, so expected a whole number from 2")
        ends = {"prompt": end, "seed": seed if to_seed is None else to_seed}
        ways = ({**ends, "share": k / (count - 1)} for k in range(count))
        return [self.recipe(start, seed=seed, between=way, **settings) for way in ways]

    def notes(self, prompt: str) -> tuple[str, ...]:
        """What the user should know of how a prompt is read: where it is cut, which words are unknown."""
        return prompt_notes(self.bundle, prompt)

    def canvas(
        self, init: Source, mask: Source | None = None, *, size: tuple[int, int] | int | None = None, scale: int = 1
    ) -> Canvas:
        """The picture `init` to draw over, where `mask` is given only in its white part; both are files or pictures.

        Raises:
            RecipeError: a file that cannot be read, another shape than `size`, or a mask that is black everywhere.
        """
        return open_canvas(init, mask, size=self._size(size), scale=scale, colours=self.bundle.autoencoder.colours)

    def _size(self, size: tuple[int, int] | int | None) -> tuple[int, int]:
        side = size if size is not None else self.bundle.defaults.get("size", self.bundle.sizes[0])
        return (side, side) if isinstance(side, int) else as_tuples(side)

    def _over(self, init: Source | None, mask: Source | None, settings: Mapping[str, Any]) -> Canvas | None:
        """The canvas that settings ask for."""
        if init is not None:
            return self.canvas(init, mask, size=settings.get("size"), scale=settings.get("scale", 1))
        if mask is not None:
            raise RecipeError("a mask says which part of a picture is drawn anew; give that picture as init")
        return None

    def generate(
        self,
        prompts: str | Sequence[str] = "",
        *,
        seed: int = 0,
        count: int = 1,
        init: Source | None = None,
        mask: Source | None = None,
        **settings: Any,
    ) -> list[Picture]:
        """Pictures for one prompt or several, `count` for each; over the picture `init`, where one is given.

        mask: white where `init` is drawn anew; the rest of it is in every picture bit for bit. Both are files, Pillow
        images or Pictures. The other settings are those of `recipe`: `strength` says how far from `init` drawing goes.

        Raises:
            RecipeError: a setting that is unknown or that this model cannot do.
        """
        canvas = self._over(init, mask, settings)
        return self.draw(self.recipes(prompts, seed=seed, count=count, canvas=canvas, **settings), canvas)

    def draw(self, recipes: Sequence[Recipe], canvas: Canvas | None = None) -> list[Picture]:
        """The picture of each recipe, in order."""
        return [picture for group in groups(recipes) for picture in self.draw_group(group, canvas)]

    def draw_group(self, group: Sequence[Recipe], canvas: Canvas | None = None) -> list[Picture]:
        """The pictures of one microbatch."""
        for event in trace(self.bundle, *group, under=None if canvas is None else canvas.under):
            if isinstance(event, Decoded):
                return self.finish(group, event, canvas)
        raise AssertionError("a trace ends with Decoded")

    def finish(self, group: Sequence[Recipe], event: Decoded, canvas: Canvas | None = None) -> list[Picture]:
        """The pictures of the last event of a trace."""
        pictures = []
        for pixels, recipe in zip(to_bytes(event.image, group[0].background), group, strict=True):
            whole, notes = enlarged(pixels, recipe.scale), self.notes(recipe.prompt) + recipe_notes(self.bundle, recipe)
            whole = whole if canvas is None else canvas.paste(whole, recipe.background)
            pictures.append(Picture.from_pixels(whole, recipe, notes))
        return pictures

    def trace(
        self, prompt: str = "", *, init: Source | None = None, mask: Source | None = None, **settings: Any
    ) -> Iterator[Event]:
        """Every event of one picture: Encoded, a Step for each level (x_t, x0_hat, eps_hat, terms), Decoded."""
        canvas = self._over(init, mask, settings)
        return trace(self.bundle, self.recipe(prompt, canvas=canvas, **settings), under=canvas and canvas.under)

    def stream(self, prompt: str = "", **settings: Any) -> Iterator[Picture]:
        """What the model believes the picture to be at every evaluation (x0_hat); the last is what `generate` gives."""
        canvas = self._over(settings.pop("init", None), settings.pop("mask", None), settings)
        return beliefs(self.bundle, self.recipe(prompt, canvas=canvas, **settings), self.finish, canvas)


def load(
    source: str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    weak: str | os.PathLike[str] | None = None,
    fast: str | os.PathLike[str] | bool = False,
) -> Model:
    """A model by its shipped name or from its folder.

    device: cpu, cuda, cuda:1, mps or auto. dtype: the network's (float32, bfloat16, float16). weak: a bad version of
    the same model, to guide away from (autoguidance.py); None is the one that its own guidance names, if any. fast: its
    student in its place (fast.py); True finds it, a folder is where it is.

    Raises:
        CheckpointError: missing, damaged; no student. RecipeError: weak with fast. UnavailableError: no such device.
    """
    from sfumato.checkpoint import load as load_bundle
    from sfumato.fast import drawn_by
    from sfumato.weak import with_weak

    drawn = drawn_by(source, fast, weak)
    return Model(with_weak(load_bundle(drawn, device=device, dtype=dtype), drawn, weak, device))


def generate(
    prompts: str | Sequence[str] = "",
    *,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    device: str = "cpu",
    fast: str | os.PathLike[str] | bool = False,
    **settings: Any,
) -> list[Picture]:
    """Pictures in one line: `sfumato.generate("a red apple, 3d render")[0].save("apple.png")`."""
    return load(model, device=device, fast=fast).generate(prompts, **settings)


def _cut(prompt: Any, what: str) -> str:
    if not isinstance(prompt, str):
        raise RecipeError(f"{what} is {prompt!r}; expected text")
    return prompt[:PROMPT_LIMIT]

"""What a reader takes home of a run: the picture, a film, the whole of it, and the words to make it again."""

import io
import json
import shlex
from typing import Any

import PIL.Image

from sfumato.arrays import as_numpy
from sfumato.errors import RecipeError
from sfumato.inspect.archive import pack, unpack
from sfumato.model import Model
from sfumato.pipeline import Decoded, Encoded, check, encode
from sfumato.provenance.files import encode as file_of
from sfumato.provenance.record import forked_record
from sfumato.recipe import Recipe
from sfumato.studio.runs import Kept, Run, seen

QUICK, HELD, LAST = 120, 500, 2000
"""Milliseconds of a frame: of the guess, of the noisy state (noise that changes is a flash), and of the end."""

NAMES = ("seed", "negative", "steps", "guidance", "sampler", "grid", "threshold")


def png(run: Run) -> bytes:
    """The picture with its recipe inside, as `generate` writes it; with all its recipes, if it was forked."""
    if run.picture is None:
        raise RecipeError("the run was not drawn to its end, so there is no picture; fork it at its last step")
    if len(run.legs) == 1:
        return run.picture.encode("png")[0]
    return file_of(run.picture.image, forked_record([(leg.start, leg.recipe) for leg in run.legs]), "png")


def gif(run: Run, of: str) -> bytes:
    """A film of what the model would guess at each step (`guess`), or of what it holds (`state`)."""
    if of not in ("guess", "state"):
        raise RecipeError(f"a film is of {of[:20]!r}; expected guess or state")
    frames = [PIL.Image.fromarray(kept.guess if of == "guess" else kept.state) for kept in run.kept]
    if run.picture is not None:
        frames.append(run.picture.image.convert("RGB"))
    if not frames:
        raise RecipeError("the run has no step yet")
    out, small = io.BytesIO(), [frame.quantize(255, PIL.Image.Quantize.MEDIANCUT) for frame in frames]
    times = [QUICK if of == "guess" else HELD] * (len(small) - 1) + [LAST]
    small[0].save(out, "GIF", save_all=True, append_images=small[1:], duration=times, loop=0, disposal=1)
    return out.getvalue()


def archive(run: Run) -> bytes:
    """The whole run as one file, which `opened` takes."""
    steps = [kept.step for kept in run.kept]
    decoded = None
    if run.latent is not None and run.image is not None:
        decoded = Decoded(run.latent, run.image)
    return pack(run.legs, run.encoded, steps, decoded)


def opened(model: Model, data: bytes) -> Run:
    """A run from a file that anybody may have made.

    Raises:
        RecipeError: damaged, of another model, or nothing that could have been drawn.
    """
    bundle = model.bundle
    found = unpack(data, bundle.conditioner([""]).tokens)
    recipe = found.legs[-1].recipe
    for leg in found.legs:
        check(bundle, [leg.recipe])
    (width, height), f = recipe.size, bundle.autoencoder.factor
    shape = (1, bundle.autoencoder.channels, height // f, width // f)
    if as_numpy(found.steps[0].x_next).shape != shape or any(
        as_numpy(step.x_next).shape != shape for step in found.steps
    ):
        raise RecipeError(f"the run's latents have other shapes than {list(shape)}, those of {model.name!r}")
    run = Run(found.legs, imported=True, state="stopped")
    cond, null = (encode(bundle.conditioner, [words]) for words in (recipe.prompt, recipe.negative))
    levels = (found.steps[0].here, *(step.there for step in found.steps))
    run.encoded = Encoded((recipe,), cond, null, levels)
    run.kept = [Kept(step, *seen(model, step), 0.0) for step in found.steps]
    if found.steps[-1].there.sigma == 0.0:
        run.finish(model, Decoded(found.steps[-1].x_next, bundle.autoencoder.decode(found.steps[-1].x_next)))
    return run


def code(run: Run, source: str) -> str:
    """Python that draws the same picture with the public package."""
    if len(run.legs) == 1:
        return f"""import sfumato

model = sfumato.load({source!r})
(picture,) = model.generate({_call(run.recipe)})
picture.save("picture.png")
print("pixels", picture.pixels_sha256)
"""
    legs = "".join(f"    Leg(recipe=model.recipe({_call(leg.recipe)}), start={leg.start}),\n" for leg in run.legs)
    return f"""import sfumato
from sfumato.inspect.fork import Leg, fork

model = sfumato.load({source!r})
legs = [
{legs}]
*_, end = fork(model.bundle, legs)
(picture,) = model.finish([legs[-1].recipe], end)
picture.image.save("picture.png")
print("pixels", picture.pixels_sha256)
"""


def curl(run: Run, address: str, token: str) -> str:
    """A shell command that asks this studio for the same picture, while it runs. Raises RecipeError for a fork."""
    if len(run.legs) > 1:
        raise RecipeError("a fork is asked by the name of a run that only this studio knows; take the Python")
    recipe = run.recipe
    guidance = {name: value for name, value in recipe.guidance.items() if name in ("interval", "rescale")}
    body: dict[str, Any] = {name: getattr(recipe, name) for name in ("prompt", "negative", "seed", "steps", "grid")}
    body |= {"w": recipe.guidance["scale"], "sampler": dict(recipe.sampler)} | guidance
    body |= {"threshold": dict(recipe.threshold)} if recipe.threshold else {}
    headers = {"X-Sfumato-Token": token, "Content-Type": "application/json", "Accept": "image/png"}
    said = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    return shlex.join(["curl", "-sf", f"{address}api/v1/runs", *said, "-o", "picture.png", "-d", json.dumps(body)])


def _call(recipe: Recipe) -> str:
    """The arguments of `generate` and `recipe`, every setting written out."""
    return ", ".join([repr(recipe.prompt), *(f"{name}={getattr(recipe, name)!r}" for name in NAMES)])

"""What figure 4.2 asks: the loss at one level with what it looks like, and at all levels that training visits."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.process.parameterisation import parameterisation_to
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.api_network import put, waiting
from sfumato.studio.denoise import decoded, encoded
from sfumato.studio.frames import encode
from sfumato.studio.losses import Judged, Latents, carded, drawing, judged, visited
from sfumato.studio.studio import Studio

MOST = 4
"""Captions of one question."""


async def one(request: Request) -> Response:
    """The squared errors at one level, one for each caption; the picture, what is given, and the guess of each."""
    body = asked.known(await body_of(request), "photo", "drawing", "seed", "t", "captions")
    picture, captions = _picture(request, body), _captions(body)
    seed, i = asked.seed(body), asked.whole(body, "t", 1, 1000)

    def question(model: Model) -> tuple[Judged, list[np.ndarray]]:
        found = judged(model, picture(model), captions, seed=seed, i=i)
        seen = (found.x_0, found.belief.x_t[:1], *found.belief.x0_hat.split(1))
        return found, [decoded(model, z).astype(np.float16) for z in seen]

    found, (truth, noisy, *guesses) = await put(request, question)
    shown = {f"guess{k}": x for k, x in enumerate(guesses)}
    return single("judged", _told(found, i), picture=truth, noisy=noisy, **shown)


async def along(request: Request) -> Response:
    """What the card says of the training, then the squared errors at each level that training visits as often."""
    body = asked.known(await body_of(request), "photo", "drawing", "seed", "captions")
    picture, captions = _picture(request, body), _captions(body)
    seed, ask = asked.seed(body), waiting(request)

    def frames() -> Iterator[bytes]:
        steps, about = ask(lambda model: (visited(model), trained(model)))
        yield encode("trained", about)
        for i in steps:
            found = ask(lambda model, i=i: judged(model, picture(model), captions, seed=seed, i=i))
            yield encode("judged", _told(found, i))

    return stream(frames())


def trained(model: Model) -> dict[str, Any]:
    """What is asked of the network; from the card, where it is there: captions dropped, average, pictures, held-out."""
    asks = getattr(model.bundle.denoiser, "parameterisation", None)
    return {
        "asks": None if asks is None else parameterisation_to(asks)["kind"],
        "drop": carded(model, "recipe", "data", "drop"),
        "average": carded(model, "recipe", "average", "sigma_rel"),
        "pictures": carded(model, "images"),
        "levels": carded(model, "held_out", "levels") or [],
        "losses": carded(model, "held_out", "loss") or [],
        "plain": carded(model, "recipe", "process", "weight", "kind") == "simple",
    }


def _told(found: Judged, i: int) -> dict[str, Any]:
    at = found.level
    return {"t": i, "alpha": float(at.alpha), "sigma": float(at.sigma), "squares": found.squares.tolist()}


def _picture(request: Request, body: Mapping[str, Any]) -> Callable[[Model], Latents]:
    """The photo's latents; or, where a prompt is given, those of what the model draws of it from the next seed.

    From the seed itself it would be drawn from the very noise that is then added to it.
    """
    studio: Studio = request.app.state.studio
    if "drawing" in body:
        prompt, seed = asked.words(body, "drawing"), asked.seed(body)
        return lambda model: drawing(model, prompt, seed=seed + 1)
    photo = studio.photo_of(body)
    return lambda model: encoded(model, photo)


def _captions(body: Mapping[str, Any]) -> list[str]:
    sent = body.get("captions")
    if not isinstance(sent, list) or not 1 <= len(sent) <= MOST:
        raise RecipeError(f"captions is no list of 1 to {MOST} texts")
    return [asked.words({"caption": caption}, "caption") for caption in sent]


ROUTES = [
    Route("/api/v1/losses", one, methods=["POST"]),
    Route("/api/v1/losses/along", along, methods=["POST"]),
]

"""What figure 3.3 asks: both beliefs about a noisy photo, and whole pictures along w."""

from collections.abc import Iterator

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.arrays import as_numpy
from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single, stream
from sfumato.studio.api_network import put, waiting
from sfumato.studio.denoise import decoded
from sfumato.studio.frames import encode
from sfumato.studio.guided import Beliefs, Row, beliefs, rows
from sfumato.studio.studio import Studio

SCALES = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
"""A row of whole pictures for each."""

COUNT, STEPS = 3, 8
"""Pictures in a row, steps of each."""


async def both(request: Request) -> Response:
    """x_t, and x0_hat with the prompt and without: all that the page needs to try any w by itself."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t", "prompt", "negative")
    photo = studio.photo_of(body)
    seed, i = asked.seed(body), asked.whole(body, "t", 1, 1000)
    prompt, negative = asked.words(body, "prompt"), asked.words(body, "negative")

    def question(model: Model) -> tuple[Beliefs, list[np.ndarray]]:
        said = beliefs(model, photo, seed=seed, i=i, prompt=prompt, negative=negative)
        return said, [decoded(model, one.x0_hat).astype(np.float16) for one in (said.null, said.cond)]

    said, (without, plain) = await put(request, question)
    level = said.cond.level
    arrays = {"x_t": said.cond.x_t, "cond": said.cond.x0_hat, "null": said.null.x0_hat}
    entries = {"t": i, "alpha": float(level.alpha), "sigma": float(level.sigma), "channels": said.cond.x_t.shape[1]}
    latents = {name: as_numpy(each)[0] for name, each in arrays.items()}
    return single("beliefs", entries, **latents, without=without, plain=plain)


async def along(request: Request) -> Response:
    """Whole pictures, a frame for each w."""
    body = asked.known(await body_of(request), "seed", "prompt", "negative", "rescale", "interval")
    seed = asked.whole(body, "seed", 0, asked.SEEDS - COUNT)
    prompt, negative = asked.words(body, "prompt"), asked.words(body, "negative")
    rescale, interval = asked.number(body, "rescale", 0.0, 1.0, 0.0), times(body.get("interval", [0.0, 1.0]))
    ask = waiting(request)

    def row(model: Model, w: float) -> Row:
        return next(
            rows(
                model, prompt, scales=(w,), seed=seed, count=COUNT, steps=STEPS, negative=negative, rescale=rescale,
                interval=interval,
            )
        )  # fmt: skip

    def frames() -> Iterator[bytes]:
        for w in SCALES:
            found: Row = ask(lambda model, w=w: row(model, w))
            told = {"w": w, "clipped": found.clipped, "spread": found.spread}
            yield encode("row", told, pictures=found.pictures.astype(np.float16))

    return stream(frames())


def times(sent: object) -> tuple[float, float]:
    """Two times; their order is guidance's to check. Raises RecipeError."""
    if not isinstance(sent, list) or len(sent) != 2:
        raise RecipeError("interval is no list of two times; expected [low, high] within 0..1")
    low, high = (asked.number({"interval": one}, "interval", 0.0, 1.0) for one in sent)
    return low, high


ROUTES = [
    Route("/api/v1/guidance", both, methods=["POST"]),
    Route("/api/v1/guidance/along", along, methods=["POST"]),
]

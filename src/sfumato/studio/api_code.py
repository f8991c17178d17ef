"""What figures ask of the autoencoder: a photo's code, and the picture of a code that the page has changed."""

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single
from sfumato.studio.api_network import put
from sfumato.studio.code import Code, code_of, picture_of
from sfumato.studio.studio import Studio

MOST = 1 << 15
"""Numbers of a code that a page may send."""

REACH = 1e4
"""Their largest size."""


async def photo(request: Request) -> Response:
    """A photo, its latents, and what the decoder makes of them."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo")
    given = studio.photo_of(body)

    def question(model: Model) -> tuple[Code, int]:
        return code_of(model, given), model.bundle.autoencoder.colours

    found, colours = await put(request, question)
    entries = {"shape": list(found.z.shape), "colours": colours}
    return single("code", entries, photo=found.photo, back=found.back, z=found.z)


async def picture(request: Request) -> Response:
    """What the decoder makes of the numbers sent."""
    body = asked.known(await body_of(request), "z")
    z = numbers(body.get("z"))
    seen = await put(request, lambda model: picture_of(model, z))
    return single("picture", x=seen)


def numbers(sent: object) -> np.ndarray:
    """A list of finite numbers as float32. Raises RecipeError."""
    if not isinstance(sent, list) or not 1 <= len(sent) <= MOST:
        raise RecipeError(f"z is no list of 1 to {MOST} numbers")
    if not all(type(one) in (int, float) and abs(one) <= REACH for one in sent):
        raise RecipeError(f"z holds something that is no number within -{REACH:g}..{REACH:g}")
    return np.array(sent, np.float32)


ROUTES = [
    Route("/api/v1/encode", photo, methods=["POST"]),
    Route("/api/v1/decode", picture, methods=["POST"]),
]

"""What figures ask of the autoencoder: a photo's code, and the picture of a code that the page has changed."""

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single
from sfumato.studio.api_network import put
from sfumato.studio.code import picture_of

MOST = 1 << 15
"""Numbers of a code that a page may send."""

REACH = 1e4
"""Their largest size."""


async def picture(request: Request) -> Response:
    """What the decoder makes of the numbers sent."""
    body = asked.known(await body_of(request), "z")
    z = numbers(body.get("z"))
    seen = await put(request, lambda model: picture_of(model, z))
    return single("picture", x=seen.astype(np.float16))


def numbers(sent: object) -> np.ndarray:
    """A list of finite numbers as float32. Raises RecipeError."""
    if not isinstance(sent, list) or not 1 <= len(sent) <= MOST:
        raise RecipeError(f"z is no list of 1 to {MOST} numbers")
    if not all(type(one) in (int, float) and abs(one) <= REACH for one in sent):
        raise RecipeError(f"z holds something that is no number within -{REACH:g}..{REACH:g}")
    return np.array(sent, np.float32)


ROUTES = [Route("/api/v1/decode", picture, methods=["POST"])]

"""What figure 2.2 asks: every block's activations about one noisy photo, with any of the links cut."""

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import RecipeError
from sfumato.inspect.scissors import Skip, skips_of, unet_of
from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single
from sfumato.studio.api_network import put
from sfumato.studio.denoise import Answer, denoise
from sfumato.studio.studio import Studio
from sfumato.studio.xray import Block, XRay, in_colour, strongest, xray


async def look(request: Request) -> Response:
    """The blocks as small pictures, one of them channel by channel, the links, and the guess whole and cut."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t", "cut", "middle", "block")
    photo, seed = studio.photo_of(body), asked.seed(body)
    i, block = asked.whole(body, "t", 1, 1000), asked.whole(body, "block", 0, 999, 0)
    cut, middle = body.get("cut", []), body.get("middle", False)
    if not isinstance(cut, list) or len(cut) > 64 or not isinstance(middle, bool):
        raise RecipeError("cut is a list of the numbers of skips, middle true or false")
    skips = [asked.whole({"skip": skip}, "skip", 0, 999) for skip in cut]

    def question(model: Model) -> tuple[Answer, XRay, list[Skip]]:
        said = denoise(model, photo, seed=seed, i=i)
        return said, xray(model, said, skips=skips, middle=middle), skips_of(unet_of(model.bundle.denoiser))

    said, seen, links = await put(request, question)
    chosen = seen.blocks[min(block, len(seen.blocks) - 1)]
    entries = {
        "t": i,
        "blocks": [_told(each) for each in seen.blocks],
        "links": [{"source": link.source, "target": link.target, "channels": link.channels} for link in links],
        "numbers": seen.numbers() | {"strength": chosen.strength},
        "chosen": chosen.path,
    }
    maps = {f"block{k}": in_colour(each.activations) for k, each in enumerate(seen.blocks)}
    noisy, whole, left = (x.astype(np.float16) for x in (said.noisy, seen.whole, seen.guess))
    return single("xray", entries, channels=strongest(chosen.activations), noisy=noisy, whole=whole, cut=left, **maps)


def _told(block: Block) -> dict[str, Any]:
    channels, height, width = block.activations.shape
    size = {"channels": channels, "height": height, "width": width}
    return {"path": block.path, "parameters": block.parameters, "ms": block.ms, "strength": block.strength} | size


ROUTES = [Route("/api/v1/xray", look, methods=["POST"])]

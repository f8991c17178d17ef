"""What figure 2.2 asks: every block's activations about one noisy photo, with links cut or branches switched off."""

from dataclasses import asdict
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
from sfumato.studio.stack import Layer, Stack, stack
from sfumato.studio.studio import Studio
from sfumato.studio.xray import Block, Compared, XRay, in_colour, strongest, xray

MOST = 400
"""Branches that can be off: three of each block of the deepest network that is built."""


async def look(request: Request) -> Response:
    """A U-Net's blocks as small pictures, one of them channel by channel, the links, and the guess whole and cut."""
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
    entries = {"links": [{"source": link.source, "target": link.target, "channels": link.channels} for link in links]}
    return _shown(entries | {"t": i}, said, seen, seen.blocks, min(block, len(seen.blocks) - 1))


async def branches(request: Request) -> Response:
    """A transformer's blocks in the same way, with their branches and gates, and the guess without some branches."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t", "off", "block")
    photo, seed = studio.photo_of(body), asked.seed(body)
    i, block = asked.whole(body, "t", 1, 1000), asked.whole(body, "block", 0, 999, 0)
    off = body.get("off", [])
    if not isinstance(off, list) or len(off) > MOST or not all(isinstance(path, str) for path in off):
        raise RecipeError("off is a list of the paths of branches")

    def question(model: Model) -> tuple[Answer, Stack]:
        said = denoise(model, photo, seed=seed, i=i)
        return said, stack(model, said, off=[path[:64] for path in off])

    said, seen = await put(request, question)
    k = min(block, len(seen.layers) - 1)
    return _shown({"t": i, "gates": seen.gates(k)}, said, seen, seen.layers, k)


def _shown(entries: dict[str, Any], said: Answer, seen: Compared, blocks: list[Any], k: int) -> Response:
    """What both kinds of network have to show; block k channel by channel."""
    chosen: Block = blocks[k]
    told = {
        "blocks": [_told(each) for each in blocks],
        "numbers": seen.numbers() | {"strength": chosen.strength},
        "chosen": chosen.path,
    }
    maps = {f"block{j}": in_colour(each.activations) for j, each in enumerate(blocks)}
    noisy, whole, left = (x.astype(np.float16) for x in (said.noisy, seen.whole, seen.guess))
    channels = strongest(chosen.activations)
    return single("xray", entries | told, channels=channels, noisy=noisy, whole=whole, cut=left, **maps)


def _told(block: Block) -> dict[str, Any]:
    channels, height, width = block.activations.shape
    told = {"path": block.path, "parameters": block.parameters, "ms": block.ms, "strength": block.strength}
    told |= {"channels": channels, "height": height, "width": width}
    if isinstance(block, Layer):
        branches = [asdict(branch) | {"part": branch.part} for branch in block.branches]
        told |= {"multiplications": block.multiplications, "branches": branches}
    return told


ROUTES = [
    Route("/api/v1/xray", look, methods=["POST"]),
    Route("/api/v1/xray/branches", branches, methods=["POST"]),
]

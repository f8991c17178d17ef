"""What figure 3.2 asks: every map of one answer, and what hiding each word changes."""

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, single
from sfumato.studio.api_network import put
from sfumato.studio.attention import Looked, look
from sfumato.studio.denoise import decoded
from sfumato.studio.studio import Studio


async def looked(request: Request) -> Response:
    """Maps by layer, head, token and place; changes by token and place; the state and the guess as pictures."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "photo", "seed", "t", "prompt")
    photo, seed = studio.photo_of(body), asked.seed(body)
    i, prompt = asked.whole(body, "t", 1, 1000), asked.words(body, "prompt")

    def question(model: Model) -> tuple[Looked, list[np.ndarray]]:
        found = look(model, photo, seed=seed, i=i, prompt=prompt)
        return found, [decoded(model, z).astype(np.float16) for z in (found.belief.x_t, found.belief.x0_hat)]

    found, (noisy, guess) = await put(request, question)
    layers = [{"name": name, "shape": list(weights.shape)} for name, weights in found.layers.items()]
    entries = {"t": i, "tokens": found.tokens, "layers": layers, "size": list(found.changes.shape[1:])}
    maps = {f"map{k}": weights for k, weights in enumerate(found.layers.values())}
    return single("looked", entries, noisy=noisy, guess=guess, changes=found.changes, **maps)


ROUTES = [Route("/api/v1/attention", looked, methods=["POST"])]

"""What figure 4.4 asks: the pictures at hand that are nearest to a drawn one, and what the rule says of it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.model import Model
from sfumato.studio import asked
from sfumato.studio.answers import body_of, stream
from sfumato.studio.api_network import waiting
from sfumato.studio.at_hand import AtHand, Pixels
from sfumato.studio.copies import MANNERS, WHO, copy_of, looked_up, mixed
from sfumato.studio.frames import encode
from sfumato.studio.photo import signed
from sfumato.studio.studio import Studio

BEAT = 0.5
"""Seconds from one report of progress to the next."""


async def neighbours(request: Request) -> Response:
    """Reports while the pictures are being opened, if they are; then one frame with what was found."""
    studio: Studio = request.app.state.studio
    body = asked.known(await body_of(request), "who", "prompt", "seed", "photo", "manner", "share")
    who, manner = asked.among(body, "who", WHO), asked.among(body, "manner", MANNERS)
    prompt, seed = asked.words(body, "prompt"), asked.seed(body)
    share, photo, ask = asked.number(body, "share", 0.0, 1.0, 0.0), studio.photo_of(body), waiting(request)

    def frames() -> Iterator[bytes]:
        while (pictures := studio.library.wait(BEAT)) is None:
            what, done, total = studio.library.told
            yield encode("reading", {"what": what, "done": done, "total": total})
        at_hand = pictures

        def question(model: Model) -> tuple[Pixels, list[dict[str, Any]]]:
            made = looked_up(model, at_hand, who, prompt=prompt, seed=seed, photo=photo)
            return made, at_hand.learnt(model.card)

        made, learnt = ask(question)
        copy = copy_of(at_hand.picture(at_hand.chosen(seed)), manner)
        yield found(at_hand, mixed(made, copy, share), copy, at_hand.chosen(seed), learnt)

    return stream(frames())


def found(pictures: AtHand, picture: Pixels, copy: Pixels, place: int, learnt: list[dict[str, Any]]) -> bytes:
    """What was looked up, what was planted, and the nearest with their names and distances."""
    answer, ruler = pictures.search(picture), pictures.ruler
    entries = {
        "numbers": answer.numbers(), "distances": ruler.distances, "ruler": ruler.name, "held_out": ruler.held_out,
        "train": ruler.train, "files": pictures.files, "count": len(pictures.words),
        "planted": pictures.planted, "copy": pictures.words[place], "learnt": learnt,
        "nearest": [
            {"words": pictures.words[int(k)], "distance": float(far)}
            for k, far in zip(answer.places, answer.distances, strict=True)
        ],
    }  # fmt: skip
    shown = {f"near{k}": pictures.picture(int(each)) for k, each in enumerate(answer.places)}
    seen = {name: signed(each).astype(np.float16) for name, each in {"picture": picture, "copy": copy, **shown}.items()}
    return encode("found", entries, **seen)


ROUTES = [Route("/api/v1/neighbours", neighbours, methods=["POST"])]

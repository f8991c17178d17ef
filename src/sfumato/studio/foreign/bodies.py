"""The body of another program's request."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from sfumato.studio import answers
from sfumato.studio.foreign.refusal import Refusal


async def body_of(request: Request) -> Mapping[str, Any]:
    """The JSON object of a request, all of it text that can be written again.

    Raises RecipeError for anything else; half of a surrogate pair is no text.
    """
    found = await answers.body_of(request)
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError as problem:
        raise Refusal("the body holds half a surrogate pair; expected Unicode text") from problem
    return found

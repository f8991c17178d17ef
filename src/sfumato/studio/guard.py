"""What a request must be before the studio looks at it: from this machine, from the studio's own page, and small.

A page of another site can make a reader's browser send requests to 127.0.0.1. Against it: the Host must be one of this
server's own names (which defeats DNS rebinding); whatever is not a plain GET must come from the same origin (`Origin:
null` is none) and carry a body of a kind that a form cannot send; and the API asks for a token that only the page has.
The answers forbid the page to load from anywhere else. Programs on this machine, which are no pages, ask under /v1 and
/sdapi: the token is not asked for there, all the rest is.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT = 16 << 20
"""Bytes of one request: a large photograph, and more than any recipe."""

KINDS = ("application/json", "image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "application/zip")
"""What a body may be. SVG is none: it is a program. A zip is an exported run."""

FOREIGN = ("/v1/", "/sdapi/")
"""Where other programs ask: in JSON alone."""

BARE = ("/sdapi/v1/interrupt", "/sdapi/v1/skip")
"""What may be asked without any body, and then without saying of what kind it is."""

LIMITS = {"application/zip": 48 << 20}
"""The bytes of larger kinds."""

NAMES = ("127.0.0.1", "localhost", "[::1]")
TOKEN_HEADER = "x-sfumato-token"

POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Stands before the application; refuses in one plain line.

    port: the one that the server listens on; None lets the Host name any (tests).
    """

    def __init__(self, app: App, *, token: str, port: int | None = None) -> None:
        """Stand before `app`."""
        self.app, self.token, self.port = app, token, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through or refuse."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        await self.app(scope, _capped(receive, _limit(headers)), _with_headers(send))

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> tuple[int, str] | None:
        host, plain = headers.get("host", ""), scope["method"] in ("GET", "HEAD")
        if not self._own(host):
            return 421, "this server answers only to its own name on this machine"
        if scope["method"] not in ("GET", "HEAD", "POST", "DELETE"):
            return 405, "no such method here"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not (
            plain and scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        ):
            return 403, "only the studio's own page may ask"
        if "origin" in headers and headers["origin"] != f"http://{host}":
            return 403, "only the studio's own page may ask"
        if scope["path"].startswith("/api/") and not hmac.compare_digest(
            headers.get(TOKEN_HEADER, "").encode(), self.token.encode()
        ):
            return 403, "the token is missing or old; load the page again"
        return None if plain else _body_refusal(scope, headers)

    def _own(self, host: str) -> bool:
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        name = name or host
        return name in NAMES and (self.port is None or port == str(self.port))


def _body_refusal(scope: Scope, headers: Mapping[str, str]) -> tuple[int, str] | None:
    kinds = KINDS[:1] if scope["path"].startswith(FOREIGN) else KINDS
    kind = headers.get("content-type", "").partition(";")[0].strip()
    if scope["method"] == "POST" and kind not in kinds and not _bare(scope, headers):
        return 415, f"a body must be one of {', '.join(kinds)}"
    length, limit = headers.get("content-length", "0"), _limit(headers)
    if not length.isascii() or not length.isdigit() or int(length) > limit:
        return 413, f"a body has at most {limit >> 20} MiB"
    return None


def _bare(scope: Scope, headers: Mapping[str, str]) -> bool:
    """No body, at an address that needs none."""
    said = headers.get("content-length", "0") != "0" or "content-type" in headers or "transfer-encoding" in headers
    return scope["path"] in BARE and not said


def _limit(headers: Mapping[str, str]) -> int:
    return LIMITS.get(headers.get("content-type", "").partition(";")[0].strip(), BODY_LIMIT)


def _capped(receive: Receive, limit: int) -> Receive:
    """The same, but a body that grows past its limit ends the connection: chunked bodies state no length."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= limit else {"type": "http.disconnect"}

    return counted


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message["headers"] = [*message.get("headers", []), *extra]
        await send(message)

    return sending


async def _refuse(send: Send, status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await _with_headers(send)({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why.encode() + b"\n"})

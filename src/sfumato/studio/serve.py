"""Listening: one server on this machine's own address, and nowhere else."""

import socket
from collections.abc import Callable

import uvicorn

from sfumato.errors import RecipeError
from sfumato.studio.app import application
from sfumato.studio.studio import Studio

HOST = "127.0.0.1"


def bound(port: int) -> socket.socket:
    """A socket that listens on the loopback address; port 0 takes a free one. Raises RecipeError if it is taken."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)  # from here on a browser waits, and is not refused
    except OSError as problem:
        listening.close()
        raise RecipeError(
            f"port {port} is in use ({(problem.strerror or 'error').lower()}); is a studio running already? "
            "give another one with --port, or 0 for any"
        ) from problem
    return listening


def server(studio: Studio, listening: socket.socket) -> tuple[uvicorn.Server, str]:
    """A server that is ready to run on `listening`, and the page's address."""
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        application(studio, port=port), log_config=None, access_log=False, lifespan="off", ws="none",
        timeout_graceful_shutdown=2, server_header=False, http="h11", loop="asyncio",
    )  # fmt: skip
    return uvicorn.Server(config), f"http://{HOST}:{port}/"


def serve(studio: Studio, port: int, opened: Callable[[str], None]) -> None:
    """Serve until interrupted; `opened` is called with the address once the socket is there."""
    with bound(port) as listening:
        running, address = server(studio, listening)
        opened(address)
        running.run(sockets=[listening])

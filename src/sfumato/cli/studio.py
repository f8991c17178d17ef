"""`sfumato studio`: the living article, in the reader's own browser."""

import argparse
import contextlib
import importlib.util
import webbrowser
from pathlib import Path

from sfumato.errors import RecipeError, UnavailableError
from sfumato.model import DEFAULT_MODEL

HELP = "Open the article on how diffusion works: every figure is computed on this machine while you read."
EXAMPLES = """\
examples:
  sfumato studio
  sfumato studio --port 0 --no-browser
  sfumato studio --model path/to/model
  sfumato studio --run path/to/run     # also shows a training run, live while it trains

It listens on 127.0.0.1 alone, fetches nothing from anywhere, and needs pip install "sfumato[studio]".
"""
PORT = 8420


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command."""
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="NAME|FOLDER", help=f"the model that computes ({DEFAULT_MODEL})"
    )
    parser.add_argument("--device", default="cpu", metavar="NAME", help="cpu, cuda, cuda:1, mps or auto (cpu)")
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"where to listen; 0 is any ({PORT})")
    parser.add_argument("--run", metavar="FOLDER", help="a training run to show, live while it trains")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    for name in ("starlette", "uvicorn"):
        if importlib.util.find_spec(name) is None:
            raise UnavailableError(f'the studio needs {name}, which is not installed; pip install "sfumato[studio]"')
    from sfumato.checkpoint import find
    from sfumato.cli.threads import even_threads
    from sfumato.studio.desk import Desk
    from sfumato.studio.serve import serve
    from sfumato.studio.studio import Studio
    from sfumato.studio.training import Training

    if not 0 <= arguments.port < 65536:
        raise RecipeError(f"port {arguments.port}: expected 0 (any) to 65535")
    find(arguments.model)
    training = None if arguments.run is None else Training(Path(arguments.run))
    desk = Desk(arguments.model, arguments.device, even_threads)

    def opened(address: str) -> None:
        desk.warm()
        print(f"The studio is at {address} (Ctrl-C ends it)", flush=True)
        if not arguments.no_browser:
            webbrowser.open(address)

    with contextlib.closing(desk), contextlib.suppress(KeyboardInterrupt):
        serve(Studio(desk, training=training), arguments.port, opened)
    return 0

"""`sfumato studio`: the living article, in the reader's own browser."""

import argparse
import contextlib
import importlib.util
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import RecipeError, UnavailableError
from sfumato.model import DEFAULT_MODEL

if TYPE_CHECKING:
    from sfumato.studio.library import Library

HELP = "Open the article on how diffusion works: every figure is computed on this machine while you read."
EXAMPLES = """\
examples:
  sfumato studio
  sfumato studio --port 0 --no-browser
  sfumato studio --model path/to/model
  sfumato studio --run path/to/run     # also shows a training run, live while it trains
  sfumato studio --data glyphs.parquet # also looks among these pictures for copies

Programs on this machine draw with it too: those that speak OpenAI's Images ask http://127.0.0.1:8420/v1, those that
speak A1111's web API http://127.0.0.1:8420 (docs/clients.md).

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
    parser.add_argument("--data", type=Path, metavar="CORPUS", help="the pictures that it learnt from, to find copies")
    parser.add_argument(
        "--further", type=Path, action="append", default=[], metavar="CORPUS", help="it was trained on this one too"
    )
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="where decoded pictures are kept (SFUMATO_CACHE)")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    for name in ("starlette", "uvicorn"):
        if importlib.util.find_spec(name) is None:
            raise UnavailableError(f'the studio needs {name}, which is not installed; pip install "sfumato[studio]"')
    from sfumato.checkpoint import find
    from sfumato.cli.threads import Threads
    from sfumato.studio.desk import Desk
    from sfumato.studio.serve import serve
    from sfumato.studio.studio import Studio
    from sfumato.studio.training import Training

    if not 0 <= arguments.port < 65536:
        raise RecipeError(f"port {arguments.port}: expected 0 (any) to 65535")
    find(arguments.model)
    training = None if arguments.run is None else Training(Path(arguments.run))
    library = library_of(arguments)
    desk = Desk(arguments.model, arguments.device, Threads())

    def opened(address: str) -> None:
        desk.warm()
        print(f"The studio is at {address} (Ctrl-C ends it)", flush=True)
        if not arguments.no_browser:
            webbrowser.open(address)

    with contextlib.closing(desk), contextlib.suppress(KeyboardInterrupt):
        serve(Studio(desk, training=training, library=library), arguments.port, opened)
    return 0


def library_of(arguments: argparse.Namespace) -> "Library":
    """The corpora that were named, opened once they are asked for; the studio's own pictures where none was.

    Raises CorpusError for one that is not there, RecipeError for further ones without a first.
    """
    from sfumato.evaluate.ground import corpus_at
    from sfumato.studio.at_hand import of_corpus
    from sfumato.studio.library import Library

    if arguments.data is None:
        if arguments.further:
            raise RecipeError("--further names more pictures of the kind that --data names; give --data too")
        return Library()
    first, *others = (corpus_at(place) for place in (arguments.data, *arguments.further))
    return Library(lambda report: of_corpus(first, others, cache=arguments.cache, report=report))

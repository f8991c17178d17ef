"""Towers that also learn from MiniLM, begun from trained towers instead of from nothing.

    python recipes/text/distil.py CORPUS --out RUN [--set A.B=C ...]

The recipe towers-distilled with the weights of the shipped towers; the head that MiniLM is compared with begins at
random. Words have the same numbers on both sides, or the command refuses. Interrupted, it goes on from its checkpoint.
"""

import argparse
import logging
from pathlib import Path

import torch
from torch import Tensor

from sfumato.checkpoint import MODELS
from sfumato.corpus.locate import cache_folder
from sfumato.errors import CheckpointError
from sfumato.text.score import load_score, read_about
from sfumato.train.build import make_network
from sfumato.train.export import export
from sfumato.train.material import Place
from sfumato.train.reading import load_recipe
from sfumato.train.recipe import TrainRecipe
from sfumato.train.session import Session, begin, resume, run
from sfumato.train.state import listed

LOG = logging.getLogger("distil")


def weights_for(recipe: TrainRecipe, folder: Path) -> dict[str, Tensor]:
    """The towers in `folder`, with the rest of the recipe's network as it is born."""
    return {**make_network(recipe).state_dict(), **load_score(folder).towers.state_dict()}


def refuse_other_words(session: Session, folder: Path) -> None:
    """Raise CheckpointError where a token's number would mean another token than in `folder`."""
    if session.facts["tokenizer"] != read_about(folder)["files"]["tokenizer.json"]["sha256"]:
        session.folder.close()
        raise CheckpointError(
            f"the tokenizer learnt from these data is not the one of {folder}, so its weights mean other words; "
            "give the data those towers were trained on, or train the recipe towers-distilled from nothing"
        )


def main() -> None:
    """Train to the recipe's horizon and export."""
    parser = argparse.ArgumentParser(description="Distil MiniLM into the shipped towers.")
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--towers", type=Path, default=MODELS / "towers", help="towers to begin from")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="A.B=C")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    place = Place(device=torch.device("cpu"), data=options.data, cache=cache_folder(), report=lambda *_: None)
    if listed(options.out / "checkpoints"):
        session = resume(options.out, place)
    else:
        recipe = load_recipe("towers-distilled", options.changes)
        session = begin(recipe, options.out, place, start=weights_for(recipe, options.towers))
        refuse_other_words(session, options.towers)
    for event in run(session, lambda: False):
        LOG.info("%s", event)
    LOG.info("%s", export(session))


if __name__ == "__main__":
    main()

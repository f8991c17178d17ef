"""What a text encoder is worth to a denoiser: the small one of yardstick.toml, trained with each, and measured on tune.

    python recipes/text/worth.py CORPUS --out RUNS [--distilled FOLDER] [--seeds 0 1] [--only NAME:SEED ...]

Seed, pictures, noise, levels and number of pictures are the same on every side. No side is shown the keywords that are
kept back (corpus/paraphrase.py). RUNS/NAME-SEED is a run, which goes on where it was interrupted; RUNS/NAME-SEED.npz
the loss of each tune row at each of LEVELS under four prompts; a finished one is never repeated. compare.py makes the
table.
"""

import argparse
import io
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Float64
from torch import nn

from sfumato import rng
from sfumato.atomic import write_file
from sfumato.corpus.locate import cache_folder
from sfumato.corpus.paraphrase import paraphrases, without_kept_back
from sfumato.corpus.prompt import plain_prompt
from sfumato.corpus.rows import Row
from sfumato.train.denoiser_task import DenoiserTask
from sfumato.train.material import Place
from sfumato.train.reading import load_recipe
from sfumato.train.recipe import TrainRecipe
from sfumato.train.sensitivity import other_prompts
from sfumato.train.session import Session, begin, resume, run
from sfumato.train.state import listed

LEVELS = (0.25, 0.5, 0.75, 0.9, 1.0)
BATCH, SEED = 64, 2026
PROMPTS = ("own", "other", "new word", "other new word")
"""The row's own prompt; another row's caption in its place; a keyword of it that training never used; another's."""
TOWER = ("network.token_dim=256", "network.pooled_dim=256")
SHIPPED = (
    'encoder="e56cd55c7aab658828400da30b8538a7ca5e688eb93c9206d737dd86c5c755cc",'
    'tokenizer="bfdc95c5e5a81a1f44d14c49a5104daff050076127623e752f3f784fb3cece00"'
)
LOG = logging.getLogger("worth")


def sides(distilled: Path | None) -> dict[str, tuple[str, ...]]:
    """The settings that differ from the yardstick, by the text encoder's name."""
    found = {"minilm": (), "tower": (f'text={{kind="tower",max_tokens=32,{SHIPPED}}}', *TOWER)}
    if distilled:
        found["distilled"] = (f'text={{kind="tower",max_tokens=32,folder="{distilled}"}}', *TOWER)
    return found


def prompts_of(rows: Sequence[Row]) -> list[list[str]]:
    """The rows' prompts in the order of PROMPTS; a row without a new word keeps its own in the last two."""
    own = [plain_prompt(row) for row in rows]
    having = [k for k, row in enumerate(rows) if paraphrases(row)]
    renamed = [replace(rows[k], caption=min(paraphrases(rows[k]))) for k in having]
    new, other_new = list(own), list(own)
    for k, row, other in zip(having, renamed, other_prompts(renamed, SEED) or map(plain_prompt, renamed), strict=True):
        new[k], other_new[k] = plain_prompt(row), other
    return [own, other_prompts(rows, SEED) or own, new, other_new]


@torch.no_grad()
def errors(task: DenoiserTask, net: nn.Module) -> Float64[np.ndarray, "4 k n"]:
    """The loss of each tune row at each of LEVELS under each of PROMPTS; the noise is the row's and the level's own."""
    store, rows = task.val
    every = prompts_of(rows)
    out = np.empty((len(every), len(LEVELS), len(rows)))
    for start in range(0, len(rows), BATCH):
        part = np.arange(start, min(start + BATCH, len(rows)))
        x_0 = store.mean(part, np.zeros(len(part), bool)).to(task.device)
        conds = [task.encode(prompts[start : start + BATCH]) for prompts in every]
        for k, t in enumerate(LEVELS):
            noise = [rng.normal(SEED, store.shape, stream=rng.TRAIN_NOISE, step=int(r), draw=k) for r in part]
            eps, level = torch.from_numpy(np.stack(noise)), task.noising.everywhere(t, len(part), task.device)
            for side, cond in enumerate(conds):
                out[side, k, part] = task.errors(net, x_0, eps.to(task.device), level, cond).double().cpu().numpy()
    return out


def trained(recipe: TrainRecipe, folder: Path, place: Place) -> Session:
    """The finished run in `folder`, from where it stands, without the kept-back keywords."""
    session = resume(folder, place) if listed(folder / "checkpoints") else begin(recipe, folder, place)
    task = cast(DenoiserTask, session.trainer.objective)
    task.rows = [[without_kept_back(row) for row in rows] for rows in task.rows]
    for event in run(session, lambda: False):
        LOG.info("%s: %s", folder.name, event)
    return session


def measured(session: Session) -> bytes:
    """The averaged weights' losses, with the rows' families and whether each has a new word, as an npz file."""
    task, net = cast(DenoiserTask, session.trainer.objective), session.averaged
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.copy_(session.trainer.average.weights[name])
    rows, sink = task.val[1], io.BytesIO()
    np.savez(
        sink,
        errors=errors(task, net.eval()),
        families=np.array([row.family or row.id for row in rows]),
        new=np.array([bool(paraphrases(row)) for row in rows]),
        images=session.trainer.progress.images,
        parameters=session.facts["parameters"],
    )
    return sink.getvalue()


def main() -> None:
    """Train and measure what is not there yet, seed by seed."""
    parser = argparse.ArgumentParser(description="Train the yardstick with each text encoder and measure it on tune.")
    parser.add_argument("data", type=Path, help="the folder of glyphs.parquet")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--distilled", type=Path, help="what training towers-distilled exported")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="A.B=C", help="on every side")
    parser.add_argument("--only", nargs="*", default=[], help="NAME:SEED; all where none is given")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    place = Place(device=torch.device("cpu"), data=options.data, cache=cache_folder(), report=lambda *_: None)
    for seed in options.seeds:
        for name, changes in sides(options.distilled).items():
            file = options.out / f"{name}-{seed}.npz"
            if file.exists() or (options.only and f"{name}:{seed}" not in options.only):
                continue
            recipe = load_recipe(
                str(Path(__file__).with_name("yardstick.toml")), [*changes, f"seed={seed}", *options.changes]
            )
            write_file(file, measured(trained(recipe, options.out / f"{name}-{seed}", place)))
            LOG.info("%s measured", file.name)


if __name__ == "__main__":
    main()

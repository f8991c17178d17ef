"""Every objective trained for a few updates, once on the CPU and once on the pretended device (tests/elsewhere.py).

    python tests/train/train_elsewhere.py FOLDER        prints JSON: what was trained -> "same", or what went wrong

tests/train/test_train_elsewhere.py runs it. A run is begun, left after one update, gone on with, looked at and
exported; what it logs must agree. Noise is drawn on the CPU for both: the pretended device has no generator. MeanFlow
is left out: the forward derivatives of torch do not know such tensors.
"""

import contextlib
import json
import shutil
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from tests.train.test_contrasting import RECIPE as TOWERS
from tests.train.test_distill import METHODS, SMALL
from tests.train.tiny_runs import DATA

import elsewhere
import sfumato.engine
from sfumato.train import chance
from sfumato.train.distilling import recipe_for
from sfumato.train.export import export
from sfumato.train.material import Place
from sfumato.train.reading import load_recipe
from sfumato.train.session import begin, resume, run

LOOK = ["watch.heldout_rows=4", "watch.split=train", "watch.metrics=8", "watch.heldout=16", "watch.sheet=16"]
SHORT = ["rate.images=16", "rate.warmup=0", "rate.cooldown=0", "optimiser.batch=8", *LOOK]
EXACT = "precision=float32"
AUTOENCODER = [
    "network.widths=[8,8]", "network.z_channels=4", "data.size=32", "data.crop=16", 'data.sources=[{name="glyphs"}]',
    *SHORT, EXACT,
]  # fmt: skip
LATENT = ["network.in_channels=4", "network.out_channels=4", "space.kind=latent"]
DIT = 'network={kind="dit",in_channels=3,out_channels=3,patch=4,width=32,depth=1,heads=2,token_dim=384}'


def drawn_here(self, shape, *, stream, step, draw=0):
    """StepNoise's numbers, drawn on the CPU."""
    generator = torch.Generator().manual_seed(chance.key(self.seed, stream, step, draw))
    return torch.empty(shape).normal_(generator=generator).to(self.where)


def begun_here(self, seed, device):
    """StepNoise without a generator of its own."""
    self.seed, self.where = seed, device


def recipes(folder):
    """The recipes by name; `folder` has what they begin from, made on the CPU."""
    tiny = [*SHORT, EXACT, "watch.bins=2", "watch.steps=2"]
    few = [*SMALL, *LOOK, "rate.images=16", EXACT]
    teacher, towers = str(folder / "teacher" / "model"), folder / "towers.toml"
    towers.write_text(TOWERS)
    return {
        "a denoiser with dropout": load_recipe("tiny", tiny),
        "Muon": load_recipe("tiny", [*tiny, "optimiser.kind=muon", "optimiser.micro=4"]),
        "augmentation": load_recipe("tiny", [*tiny, "data.augment=0.5", "network.dials=10"]),
        "a transformer": load_recipe("tiny", [*tiny, DIT]),
        "no text": load_recipe("tiny", [*tiny, 'text={kind="none"}', 'network.attend=["none","none"]',
                                        "network.mid_attend=none"]),
        "an autoencoder": load_recipe("autoencoder", AUTOENCODER),
        "an autoencoder and its critic": load_recipe("autoencoder", [*AUTOENCODER, "loss.adversarial=0.1"]),
        "latents": load_recipe("tiny", [*tiny, *LATENT, f"space.autoencoder={folder / 'autoencoder' / 'model'}"]),
        "towers": load_recipe(str(towers), [EXACT]),
        **{
            f"few steps, {name}": recipe_for(teacher, "tavola-fast", [*few, *METHODS[name], *more])
            for name, more in (("distillation", []), ("training", ["consistency.teacher="]))
        },
    }  # fmt: skip


def trained(recipe, out, device, cache):
    """What a run logs; it is left after one update and gone on with, then exported."""
    place = Place(device=torch.device(device), data=DATA, cache=cache, report=lambda *_: None)
    asked = []
    list(run(begin(recipe, out, place), lambda: asked.append(1) or len(asked) > 1))
    session = resume(out, place)
    list(run(session, lambda: False))
    assert export(session).is_dir()
    return [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]


def numbers(entries):
    """The losses of a log."""
    kept = [entry for entry in entries if entry["event"] in ("metrics", "heldout")]
    return [np.ravel(entry["loss"]) for entry in kept] + [np.ravel(entry.get("norm", 0.0)) for entry in kept]


def outcome(recipe, folder, cache):
    """ "same", or what is not."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        here = numbers(trained(recipe, folder / "here", "cpu", cache))
        there = numbers(trained(recipe, folder / "there", elsewhere.THERE, cache))
        assert len(here) > 2, "nothing was logged"
        np.testing.assert_allclose(np.concatenate(there), np.concatenate(here), rtol=5e-3, atol=1e-4)
    except Exception as problem:
        return elsewhere.told(problem)
    return "same"


def main(folder):
    """Train everything on both."""
    elsewhere.arrive()  # before the first gradient: torch counts the devices then
    cache, described = folder / "cache", sfumato.engine.describe
    for name, recipe in (
        ("teacher", load_recipe("tiny", [*SHORT, EXACT])),
        ("autoencoder", load_recipe("autoencoder", AUTOENCODER)),
    ):
        trained(recipe, folder / name, "cpu", cache)
    with contextlib.ExitStack() as stack:
        for owner, name, new in (
            (chance.StepNoise, "__init__", begun_here),
            (chance.StepNoise, "__call__", drawn_here),
            (sys.modules["sfumato.train.session"], "describe", lambda device: described("cpu")),
        ):
            stack.enter_context(mock.patch.object(owner, name, new))
        print(json.dumps({name: outcome(recipe, folder / "runs", cache) for name, recipe in recipes(folder).items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

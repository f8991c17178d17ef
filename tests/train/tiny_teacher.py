"""A teacher of two updates, and the recipes of its students: what the tests of few steps share."""

import torch
from tests.train.tiny_runs import DATA

from sfumato.train.distilling import recipe_for
from sfumato.train.export import export
from sfumato.train.material import Place
from sfumato.train.reading import changed, read_toml, recipe_from
from sfumato.train.session import begin, run

SMALL = [
    "rate.images=32", "rate.warmup=0", "rate.cooldown=0", "optimiser.kind=adamw", "optimiser.lr=0.01",
    "optimiser.batch=8", "consistency.first=4", "consistency.last=4", "watch.metrics=8", "watch.heldout=32",
    "watch.heldout_rows=4", "watch.bins=2", "watch.sheet=32", "watch.checkpoint=16", "watch.steps=2",
]  # fmt: skip
METHODS = {
    "distillation": ["consistency.target=0.9", "consistency.own=0.5", "consistency.perceptual=1.0"],
    "training": ["consistency.method=training", "consistency.first=1", "consistency.weigh=apart"],
    "mean-flow": ["consistency.method=mean-flow", "consistency.distance=squared", "precision=float32"],
}


def made_teacher(out, cache):
    """A model folder: two updates of the recipe tiny."""
    changes = ["rate.images=16", "rate.cooldown=0", "watch.heldout=0", "watch.sheet=0"]
    session = begin(recipe_from(changed(read_toml("tiny"), changes)), out, place(cache))
    list(run(session, lambda: False))
    return export(session)


def place(cache):
    return Place(device=torch.device("cpu"), data=DATA, cache=cache, report=lambda what, done, total: None)


def recipe_of(teacher, method="distillation", *changes):
    table = [*SMALL, *METHODS[method], *changes]
    recipe = recipe_for(str(teacher), "tavola-fast", table)
    if method == "training":
        recipe = recipe_for(str(teacher), "tavola-fast", [*table, "consistency.teacher="])
    return recipe

"""The same seed gives the same pixels: alone, in any batch, in any order, with any number of threads."""

import json
import os
import subprocess
import sys

import pytest

SEEDS = range(5)
SETTINGS = {"steps": 3, "sampler": "ddim:eta=1.0", "guidance": 3.0}


def hashes(pictures):
    return {p.recipe.seed: p.pixels_sha256 for p in pictures}


@pytest.fixture(scope="module")
def alone(tiny_model):
    return {
        m: {s: hashes(tiny_model.generate("a red apple", seed=s, microbatch=m, **SETTINGS))[s] for s in SEEDS}
        for m in (1, 3)
    }


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
@pytest.mark.parametrize("microbatch", [1, 3])
@pytest.mark.parametrize("order", ["up", "down"])
def test_batches_and_orders(tiny_model, alone, batch, microbatch, order):
    recipes = tiny_model.recipes("a red apple", count=len(SEEDS), microbatch=microbatch, **SETTINGS)
    recipes = recipes if order == "up" else recipes[::-1]
    found = {}
    for begin in range(0, len(recipes), batch):
        found |= hashes(tiny_model.draw(recipes[begin : begin + batch]))
    assert found == alone[microbatch]
    assert len(set(found.values())) == len(SEEDS), "different seeds, different pictures"


def test_company_with_other_prompts(tiny_model, alone):
    recipes = [
        tiny_model.recipe(p, seed=s, microbatch=3, **SETTINGS) for s, p in enumerate(["cats", "a red apple", ""])
    ]
    assert hashes(tiny_model.draw(recipes))[1] == alone[3][1]


def test_stopping_and_looking_change_nothing(tiny_model, alone):
    events = tiny_model.trace("a red apple", seed=0, **SETTINGS)
    for _ in range(3):
        next(events)
    events.close()
    assert hashes(tiny_model.generate("a red apple", **SETTINGS))[0] == alone[1][0]


SCRIPT = """
import json, sys, torch
torch.set_num_threads(int(sys.argv[2]))
import sfumato
model = sfumato.load(sys.argv[1])
settings = json.loads(sys.argv[3])
print(json.dumps({p.recipe.seed: p.pixels_sha256 for p in model.generate("a red apple", count=5, **settings)}))
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_threads_and_processes(tiny_folder, alone, threads):
    arguments = [sys.executable, "-c", SCRIPT, str(tiny_folder), threads, json.dumps(SETTINGS)]
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, check=True)
    assert {int(seed): value for seed, value in json.loads(done.stdout).items()} == alone[1]

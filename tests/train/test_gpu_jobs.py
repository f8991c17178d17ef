"""Each GPU job runs: packed, started, resumed, brought and joined, on the CPU with a small network."""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from tests.train.tiny_runs import DATA, environment, images_of

from sfumato import checkpoint
from sfumato.errors import CorpusError
from sfumato.fast import find_student
from sfumato.manifest import Manifest
from sfumato.nets.vae import VAE
from sfumato.train.build import make_network
from sfumato.train.chance import seeded
from sfumato.train.frozen_parts import text_parts
from sfumato.train.pack import read_pack
from sfumato.train.reading import load_recipe
from sfumato.train.shards import PIECE
from sfumato.train.state import listed
from sfumato.weights import serialise

ROOT = Path(__file__).parents[2]
JOBS = sorted(path.stem for path in (ROOT / "recipes" / "gpu").glob("*.toml") if "[space]" in path.read_text("utf-8"))
"""Those that train on latents; the others are in test_gpu_pictures.py."""
VAE_OPTIONS = {"widths": [8, 8, 8], "encoder_depth": 1, "decoder_depth": 1, "z_channels": 8}
SMALL = {
    "unet": (
        "network.in_channels=8",
        "network.out_channels=8",
        "network.block_out_channels=[32,32]",
        'network.attend=["none","text"]',
        "network.head_dim=32",
    ),
    "dit": (
        "network.in_channels=8",
        "network.out_channels=8",
        "network.width=64",
        "network.depth=1",
        "network.heads=2",
    ),
}
SHORT = ("optimiser.batch=4", "rate.warmup=8", "watch.metrics=4", "watch.checkpoint=8", "watch.heldout=8",
"watch.sheet=0",
         "watch.heldout_rows=4")  # fmt: skip


def script(name, *arguments, cache):
    return subprocess.run(
        [sys.executable, str(ROOT / "recipes" / "gpu" / name), *map(str, arguments)],
        env={**environment(cache), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def in_slices(job, common, sets, *, run, out, joined, cache):
    """Train two slices of some seconds, the second from where the first ended; bring the weights and join them."""
    first = script("job.py", job, *common, *sets, "--max-seconds", 6, cache=cache)
    assert first.returncode == 0, first.stderr
    reached = images_of(run)
    assert reached > 0
    again = script("job.py", job, *common, "--max-seconds", 6, cache=cache)
    assert again.returncode == 0, again.stderr
    assert f"goes on from {reached:09d}" in again.stderr
    assert images_of(run) > reached
    assert listed(run / "checkpoints")
    brought = [file for file in out.rglob("*") if file.is_file()]
    assert len(brought) <= 8
    assert max(file.stat().st_size for file in brought) <= PIECE < 16 << 20
    done = script("job.py", job, "--join", out / "model", "--run", joined, cache=cache)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("autoencoder")
    with seeded(0):
        vae = VAE(**VAE_OPTIONS)
    (folder / "autoencoder.safetensors").write_bytes(serialise(vae.state_dict(), "float16"))
    (folder / "autoencoder.json").write_text(json.dumps({"options": VAE_OPTIONS}))
    return folder


@pytest.fixture(scope="module")
def teacher(autoencoder, pack, tmp_path_factory):
    """A model with the small network in the pack's latents, scaled as they are there; nothing learnt."""
    recipe = load_recipe(str(ROOT / "recipes" / "gpu" / "tavola-fast.toml"), [*SMALL["unet"], "network.dials=0"])
    data = {"denoiser": serialise(make_network(recipe).state_dict(), "float16"), **text_parts(recipe.text)}
    data["autoencoder"] = (autoencoder / "autoencoder.safetensors").read_bytes()
    process = {part: getattr(recipe.process, part) for part in ("schedule", "parameterisation", "clock")}
    scaled = {key: read_pack(pack).about["autoencoder"][key] for key in ("scale", "shift")}
    known = Manifest(
        name="small",
        denoiser=recipe.network,
        autoencoder={"kind": "vae", **scaled, **VAE_OPTIONS},
        conditioner={"kind": "bert", "max_tokens": 32},
        sizes=((64, 64),),
        defaults={},
        card={},
        **process,
    )
    folder = tmp_path_factory.mktemp("teacher") / "small"
    checkpoint.save(folder, known, data, attribution="nothing")
    return folder


@pytest.fixture(scope="module")
def pack(cache, autoencoder, tmp_path_factory):
    target = tmp_path_factory.mktemp("packs") / "glyphs"
    done = script(
        "pack.py",
        DATA,
        "--model",
        autoencoder,
        "--out",
        target,
        "--size",
        64,
        "--val",
        "train",
        "--cache",
        cache,
        cache=cache,
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def real_pack(cache, tmp_path_factory):
    """The test pictures through the autoencoder that a job names, as its pack is made; each made once."""

    @functools.cache
    def made(autoencoder):
        target = tmp_path_factory.mktemp("packs") / autoencoder
        asked = ("--model", autoencoder, "--out", target, "--val", "train", "--cache", cache)
        done = script("pack.py", DATA, *asked, cache=cache)
        assert done.returncode == 0, done.stderr
        return target

    return made


def autoencoder_of(job):
    recipe = tomllib.loads((ROOT / "recipes" / "gpu" / f"{job}.toml").read_text("utf-8"))
    return recipe["space"]["autoencoder"]


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_a_job_runs_as_it_is(job, cache, real_pack, tmp_path):
    """Its own network and, where it names some, the shipped weights; only the batch and the horizon are small."""
    run = tmp_path / "run"
    seen = checkpoint.load("tavola").card["images"] if job == "tavola-long" else 0
    short = ("optimiser.batch=4", f"rate.images={seen + 8}", "rate.cooldown=0", "watch.heldout=0", "watch.sheet=0")
    sets = [part for change in short for part in ("--set", change)]
    device = ("--device", "cpu", "--max-seconds", 60)
    done = script("job.py", job, "--data", real_pack(autoencoder_of(job)), "--run", run, *device, *sets, cache=cache)
    assert done.returncode == 0, done.stderr
    begun = json.loads((run / "run.json").read_text())["origin"]
    assert (begun is not None) == (job == "tavola-long")
    assert images_of(run) == seen + 8


def test_a_pack_holds_every_caption_and_latents_of_unit_variance(pack):
    found = read_pack(pack)
    store = found.stores["train"]
    assert store.shape == (8, 8, 8)
    assert len(found.rows["train"]) == len(store) == 200
    spread = np.square(store.std).mean()
    assert (store.array * np.array(store.step)).var() + spread == pytest.approx(1.0, abs=0.02)
    assert all(row.caption and row.license for row in found.rows["train"])


def test_a_pack_holds_further_pictures_behind_the_first(pack, cache, autoencoder, tmp_path):
    asked = ("--model", autoencoder, "--out", tmp_path / "more", "--size", 64, "--val", "train", "--cache", cache)
    done = script("pack.py", DATA, *asked, "--further", "glyphs:50", cache=cache)
    assert done.returncode == 0, done.stderr
    found, first = read_pack(tmp_path / "more"), read_pack(pack)
    ids = [row.id for row in found.rows["train"]]
    assert ids[:200] == [row.id for row in first.rows["train"]]
    assert len(ids) == len(found.stores["train"]) == 250
    array = found.stores["train"].array
    assert (array[200:] == array[[ids.index(each) for each in ids[200:]]]).all()


def test_a_pack_that_no_job_may_carry_is_refused(pack, cache, autoencoder, tmp_path):
    """With its size and what of it each corpus is; the pack that was there stays."""
    shutil.copytree(pack, tmp_path / "glyphs")
    before = {file.name: file.read_bytes() for file in (tmp_path / "glyphs").iterdir()}
    asked = ("--model", autoencoder, "--out", tmp_path / "glyphs", "--size", 64, "--val", "train", "--cache", cache)
    done = script("pack.py", DATA, *asked, "--further", "glyphs:50", "--limit", "0.001", cache=cache)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"error: the pack has [\d.]+ MiB and may have 0\.001: glyphs about .*; take fewer .*", said)
    assert "MiB (200 pictures), glyphs about" in said
    assert "MiB (50 pictures), glyphs held out about" in said
    assert {file.name: file.read_bytes() for file in (tmp_path / "glyphs").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["glyphs"]


def test_a_damaged_pack_is_refused(pack, tmp_path):
    copy = tmp_path / "pack"
    shutil.copytree(pack, copy)
    data = bytearray((copy / "train.xz").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "train.xz").write_bytes(data)
    with pytest.raises(CorpusError, match=r"train\.xz is damaged"):
        read_pack(copy)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["tavola-dit", "tavola-fast"])
def test_a_job_trains_in_slices_and_brings_its_weights(job, cache, autoencoder, teacher, pack, tmp_path):
    run, out = tmp_path / "run", tmp_path / "out"
    out.mkdir()
    kind = "dit" if "dit" in job else "unet"
    taught = (f"consistency.teacher={teacher}",) if job.endswith("-fast") else ()
    places = (f"space.autoencoder={autoencoder}", "data.size=64", *taught)
    sets = [p for c in (*SMALL[kind], *SHORT, *places) for p in ("--set", c)]
    common = ("--data", pack, "--run", run, "--device", "cpu", "--bring", out)
    in_slices(job, common, sets, run=run, out=out, joined=tmp_path / "joined", cache=cache)
    card = checkpoint.load(tmp_path / "joined").card
    assert card["images"] == images_of(run)
    if taught:
        assert card["teacher"]["model_hash"] == checkpoint.read_manifest(teacher).model_hash
        assert find_student(teacher, tmp_path / "joined") == tmp_path / "joined"

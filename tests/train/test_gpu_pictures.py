"""The GPU jobs that train on pictures: packed, started, resumed, brought and joined, on the CPU with small networks."""

import json

import pytest
from tests.train.test_gpu_jobs import ROOT, SHORT, in_slices, script
from tests.train.tiny_runs import DATA, images_of

from by_path import loaded
from sfumato.corpus.pack_read import CorpusPack
from sfumato.corpus.rows import Row, Table
from sfumato.corpus.split import belongs
from sfumato.text.score import load_score
from sfumato.train.build import described_network
from sfumato.train.frozen_parts import load_vae
from sfumato.train.reading import load_recipe
from sfumato.train.recipe import SourceChoice, Space
from sfumato.train.shards import PIECE

JOBS = ("autoencoder-long", "towers-long")
GLYPHS = 'data.sources=[{name="glyphs"}]'
SMALL = {
    "autoencoder-long": ("network.widths=[8,8,8]", "network.encoder_widths=[8,8,8]", "data.crop=32"),
    "towers-long": ("network.vocabulary=600", "network.width=32", "network.hidden=32", "network.depth=1",
                    "network.heads=2", "network.widths=[8,8,8]", "network.shrink=4"),
}  # fmt: skip


@pytest.fixture(scope="module")
def pictures():
    return loaded("recipes/gpu/pictures.py")


@pytest.fixture(scope="module")
def packs(cache, tmp_path_factory):
    target = tmp_path_factory.mktemp("packs") / "pictures"
    done = script("pictures.py", DATA, "--out", target, "--parts", "glyphs", "--val", "train", cache=cache)
    assert done.returncode == 0, done.stderr
    assert "glyphs: 200 pictures" in done.stdout
    return target


def test_a_pack_holds_what_is_trained_on_and_what_is_looked_at(pictures):
    rows = [
        Row(position=k, id=f"{k}", caption="x", style="ab"[k % 2], split="val" if k < 40 else "train", family=f"{k}")
        for k in range(100)
    ]
    table = Table(path=DATA, kind="", rows=tuple(rows), skipped=(), named=True, pictures=lambda some: iter(()))
    first = pictures.chosen(table, SourceChoice(name="g"), "tune").rows
    assert {row.position for row in first} == {r.position for r in rows if r.split == "train" or belongs(r, "tune")}
    assert 60 < len(first) < 100
    other = pictures.chosen(table, SourceChoice(name="c", styles=("b",), most=7), "").rows
    assert len(other) == 7
    assert all(row.style == "b" and row.split == "train" for row in other)
    assert [row.position for row in other] == sorted(row.position for row in other)


def test_pictures_keep_their_bytes_licences_and_authors(packs):
    pack = CorpusPack(packs / "glyphs")
    assert len(pack) == 200
    assert all(row.caption and row.license for row in pack.rows())
    assert pack.picture(7)[:4] == b"RIFF"


def test_too_much_is_refused(pictures, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(pictures, "LIMIT", 1000)
    monkeypatch.setattr("sys.argv", ["pictures.py", str(DATA), "--out", str(tmp_path / "p"), "--parts", "glyphs"])
    with pytest.raises(pictures.CorpusError, match=r"at most: pack fewer corpora"):
        pictures.main()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("job", JOBS)
def test_what_a_job_brings_is_small(job):
    network = described_network(load_recipe(str(ROOT / "recipes" / "gpu" / f"{job}.toml")))
    sizes = {n: 2 * sum(p.numel() for p in part.parameters()) for n, part in network.named_children()}
    text = sizes.pop("text", 0)
    beside = 4 if text else 2
    assert sum(-(-size // PIECE) for size in (text, sum(sizes.values()))) + beside <= 8, sizes
    if job == "autoencoder-long":
        assert sizes["decoder"] // 2 <= 1_500_000
        assert sum(sizes.values()) <= 8_000_000


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_a_job_trains_in_slices_and_brings_its_weights(job, cache, packs, tmp_path):
    run, out = tmp_path / "run", tmp_path / "out"
    sets = [p for c in (*SMALL[job], *SHORT, GLYPHS, "watch.split=train", "data.size=64") for p in ("--set", c)]
    common = ("--data", packs, "--run", run, "--device", "cpu", "--bring", out)
    in_slices(job, common, sets, run=run, out=out, joined=tmp_path / "joined", cache=cache)
    if job == "towers-long":
        assert load_score(tmp_path / "joined").texts(["a cat"]).shape == (1, 256)
    else:
        assert load_vae(Space(autoencoder=str(tmp_path / "joined")))[0].channels == 4
        assert json.loads((tmp_path / "joined" / "autoencoder.json").read_text())["images"] == images_of(run)


@pytest.mark.slow
def test_the_autoencoder_begins_with_the_decoder_that_ships(cache, packs, tmp_path):
    run = tmp_path / "run"
    short = (*SHORT, GLYPHS, "rate.images=4", "rate.cooldown=0", "watch.split=train", "watch.heldout=0")
    sets = [part for change in short for part in ("--set", change)]
    asked = ("--data", packs, "--run", run, "--device", "cpu", "--max-seconds", 60)
    done = script("job.py", "autoencoder-long", *asked, *sets, cache=cache)
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "run.json").read_text())["origin"] == {"images": 0, "from": "velatura"}

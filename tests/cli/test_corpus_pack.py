"""`sfumato corpus pack`: packing, verifying, training on what came of it."""

import json
from pathlib import Path

import pytest
from tests.corpus.tarballs import GLYPHS

from sfumato.corpus.pack_read import CorpusPack


@pytest.fixture
def glyphs(sfumato):
    """The pictures of the tests as a pack, with pairs held out."""
    code, out, err = sfumato("corpus", "pack", GLYPHS, "--out", "glyphs", "--split", "pairs")
    assert (code, err) == (0, "")
    assert "glyphs: 200 pictures (10 held out), shards: 1; 0 repeats and 0 rows left out" in out
    return Path("glyphs")


def test_a_pack_verifies(sfumato, glyphs):
    code, out, _ = sfumato("corpus", "pack", "--verify", glyphs)
    assert code == 0
    root = json.loads((glyphs / "manifest.json").read_text())["merkle_root"]
    assert out.splitlines() == ["glyphs: 200 pictures, every byte verified", f"Merkle root {root}"]


def test_a_flipped_bit_is_named(sfumato, glyphs):
    (shard,) = glyphs.glob("0*.bin")
    data = bytearray(shard.read_bytes())
    data[int(CorpusPack(glyphs).index[77]["offset"]) + 5] ^= 16
    shard.write_bytes(data)
    name = CorpusPack(glyphs).manifest.pictures[77].id
    code, _, err = sfumato("corpus", "pack", "--verify", glyphs)
    assert code == 2
    assert err.splitlines()[0] == f"{shard.name}: the picture {name!r} is damaged"
    assert "not as it was written: 1 faults" in err
    code, _, err = sfumato("train", glyphs, "--recipe", "tiny", "--out", "run", "--cache", "cache")
    assert code == 2
    assert f"the picture {name!r} is damaged" in err
    assert not Path("run/model").exists()


def test_training_takes_a_pack(sfumato, glyphs):
    short = ("--set", "rate.images=16", "--set", "watch.checkpoint=16", "--set", "watch.sheet=0", "--device", "cpu")
    code, _, err = sfumato("train", glyphs, "--recipe", "tiny", "--out", "run", "--cache", "cache", *short)
    assert code == 0, err
    (source,) = json.loads(Path("run/run.json").read_text())["facts"]["sources"]
    assert (source["name"], source["pictures"], source["left_out"]) == ("glyphs", 190, 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing to pack"),
        (("x.parquet",), "nothing to pack"),
        (("x.parquet", "--verify", "y"), "takes no CORPUS"),
        (("x.parquet", "--out", "y"), "the corpus 'x.parquet' was not found"),
        (("--verify", "y"), "y is no corpus pack"),
        ((GLYPHS, "--out", "y", "--split", "pairs", "--pairs", "style"), "takes two attributes"),
        ((GLYPHS, "--out", "y", "--split", "pairs", "--pairs", "style,colour"), "no attribute 'colour'"),
        ((GLYPHS, "--out", "y", "--split", "family", "--share", "1.5"), "between 0 and 1"),
        ((GLYPHS, "--out", "y", "--split", "pairs", "--others", "50"), "ask for fewer others"),
        ((GLYPHS, "--out", "y", "--encode", "jpeg"), "invalid choice: 'jpeg'"),
    ],
)
def test_what_cannot_be_done_says_so_in_one_line(sfumato, words, message):
    code, _, err = sfumato("corpus", "pack", *words)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not Path("y").exists()

"""Any flipped bit of a pack is found, and the picture it belongs to is named."""

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from tests.corpus.test_pack import SMALL, row

from sfumato.corpus.detect import read_corpus
from sfumato.corpus.pack_read import CorpusPack
from sfumato.corpus.pack_verify import verify
from sfumato.corpus.pack_write import Packing, write_corpus_pack
from sfumato.errors import CorpusError


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row(k) for k in range(24)]), folder / "c.parquet")
    write_corpus_pack(read_corpus(folder / "c.parquet"), folder / "pack", Packing(shard=SMALL))
    return folder / "pack"


@pytest.fixture
def flip(pack):
    """Flip one bit of a file of the pack; undone at the end of the test."""
    before = {}

    def flip(name, at, bit=0):
        data = (pack / name).read_bytes()
        before.setdefault(name, data)
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        (pack / name).write_bytes(changed)

    yield flip
    for name, data in before.items():
        (pack / name).write_bytes(data)


def test_a_sound_pack(pack):
    calls = []
    assert verify(pack, lambda *a: calls.append(a)) == []


def test_any_bit_of_a_shard_names_its_picture(pack, flip):
    opened = CorpusPack(pack)
    chance = np.random.default_rng(0)
    for k in chance.permutation(24)[:12]:
        place = opened.index[k]
        name = opened.manifest.shards[place["shard"]]["name"]
        at = int(place["offset"]) + int(chance.integers(place["bytes"]))
        bit = int(chance.integers(8))
        flip(name, at, bit)
        assert verify(pack) == [f"{name}: the picture 'r{k}' is damaged"]
        with pytest.raises(CorpusError, match=f"the picture 'r{k}' is damaged"):
            CorpusPack(pack).picture(int(k))
        flip(name, at, bit)
    assert not verify(pack)


def test_any_bit_of_the_manifest_is_found(pack, flip):
    data = (pack / "manifest.json").read_bytes()
    chance = np.random.default_rng(1)
    for at in chance.integers(len(data), size=60):
        bit = int(chance.integers(8))
        flip("manifest.json", at, bit)
        wrong = verify(pack)
        assert wrong, at
        assert wrong[0].startswith("manifest.json"), wrong
        flip("manifest.json", at, bit)


def test_a_bit_of_a_pictures_line_names_it(pack, flip):
    data = (pack / "manifest.json").read_bytes()
    for k in (0, 11, 23):
        flip("manifest.json", data.index(f'"caption":"thing {k}"'.encode()) + 13)
        assert f"manifest.json: the line of picture {k} ('r{k}') is damaged" in verify(pack)
        flip("manifest.json", data.index(f'"caption":"thing {k}"'.encode()) + 13)
    flip("manifest.json", data.index(b'{"author":"author 5"'))
    assert "manifest.json: the line of picture 5 (its id cannot be read) is damaged" in verify(pack)


def test_any_bit_of_the_index_is_found_and_named(pack, flip):
    assert (pack / "index.bin").stat().st_size == 24 * 48
    chance = np.random.default_rng(2)
    for at in chance.integers(24 * 48, size=30):
        flip("index.bin", at)
        wrong = verify(pack)
        assert wrong[0].startswith("index.bin is damaged")
        assert wrong[1] == f"index.bin: the record of the picture 'r{at // 48}' is damaged"
        flip("index.bin", at)


def test_the_card_is_the_manifests(pack, flip):
    flip("DATA_CARD.md", 30)
    assert verify(pack) == ["DATA_CARD.md is not the one that manifest.json gives"]


def test_what_is_missing_cut_or_added(pack, tmp_path):
    import shutil

    copy = tmp_path / "pack"
    shutil.copytree(pack, copy)
    name = next(p.name for p in sorted(copy.glob("*.bin")))
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data + b"x")
    (copy / "notes.txt").write_text("mine")
    assert verify(copy) == [f"{name} has {len(data) + 1} bytes, not {len(data)}", "notes.txt is no part of the pack"]
    (copy / "notes.txt").unlink()
    (copy / name).unlink()
    assert verify(copy)[0].startswith(f"{name} is missing or empty: it holds 'r0', 'r1'")
    (copy / "index.bin").unlink()
    assert verify(copy)[0] == "index.bin is missing"
    with pytest.raises(CorpusError, match=r"index\.bin is missing or cut short"):
        CorpusPack(copy)
    (copy / "manifest.json").unlink()
    with pytest.raises(CorpusError, match="is no corpus pack"):
        verify(copy)


def test_places_that_lie_are_refused(pack, flip):
    flip("index.bin", 3, 7)
    with pytest.raises(CorpusError, match="names shard"):
        CorpusPack(pack).picture(0)
    flip("index.bin", 3, 7)
    flip("index.bin", 15, 6)
    with pytest.raises(CorpusError, match="'r0' is damaged"):
        CorpusPack(pack).picture(0)

"""IDX files as a corpus: the bytes come back, the test set is held out, damage is named."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image
from tests.corpus.making import in_folder

from sfumato.corpus.decode import grey, over_white
from sfumato.corpus.detect import detect, read_corpus
from sfumato.corpus.idx import bmp
from sfumato.corpus.source import open_source
from sfumato.errors import CorpusError

DRAWS = np.random.default_rng(0)


def idx(array, kind=8):
    return bytes((0, 0, kind, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write(folder, name="train", count=6, packed=True, size=(7, 5)):
    """A set of pictures with labels 0, 1, 2, 0, ...; the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = DRAWS.integers(0, 256, (count, *size), dtype=np.uint8)
    for part, array in (("images-idx3", pictures), ("labels-idx1", (np.arange(count) % 3).astype(np.uint8))):
        data = idx(array)
        file = folder / f"{name}-{part}-ubyte{'.gz' if packed else ''}"
        file.write_bytes(gzip.compress(data) if packed else data)
    return pictures


def read(folder):
    table = read_corpus(folder)
    return list(table.pictures(table.rows))


@pytest.mark.parametrize("packed", [True, False])
def test_a_folder_is_read_and_its_test_set_held_out(tmp_path, packed):
    shown, held = write(tmp_path / "c", packed=packed), write(tmp_path / "c", "t10k", 4, packed)
    table = read_corpus(tmp_path / "c")
    assert "IDX" in detect(tmp_path / "c").why
    assert [row.split for row in table.rows] == ["val"] * 4 + ["train"] * 6
    assert table.named
    assert [row.caption for row in table.rows] == list("0120012012")
    assert len({row.id for row in table.rows}) == 10
    for data, pixels in zip(table.pictures(table.rows), [*held, *shown], strict=True):
        assert np.array_equal(over_white(data, 7)[:, 1:6], np.stack([pixels] * 3, axis=-1))
    some = [table.rows[k] for k in (1, 5, 9)]
    assert list(table.pictures(some)) == [bmp(held[1]), bmp(shown[1]), bmp(shown[5])]


def test_one_file_is_a_corpus_with_classes_by_name(tmp_path):
    write(tmp_path)
    (tmp_path / "classes.txt").write_text("T-shirt\nTrouser\n")
    table = read_corpus(tmp_path / "train-images-idx3-ubyte.gz")
    assert [row.caption for row in table.rows] == ["T-shirt", "Trouser", "2"] * 2
    assert table.rows[0].keywords == ("0",)


def test_it_opens_in_one_channel(tmp_path):
    pictures = write(tmp_path / "c", size=(8, 8))
    write(tmp_path / "c", "test", 2, size=(8, 8))
    source = open_source(tmp_path / "c", split="train", size=8, cache=tmp_path / "cache", channels=1)
    assert np.array_equal(source.pictures, pictures[..., None])
    coloured = open_source(tmp_path / "c", split="train", size=8, cache=tmp_path / "cache")
    assert coloured.pictures.shape == (6, 8, 8, 3)
    assert coloured.key != source.key


def test_colours_become_luma(tmp_path):
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    folder = in_folder(tmp_path / "c", ("one",))
    Image.fromarray(red).save(folder / "0.png")
    assert grey((folder / "0.png").read_bytes(), 2).ravel().tolist() == [76] * 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "damaged"),
        (b"\0\0\x08", "damaged"),
        (idx(np.zeros((2, 3), np.uint8)), "damaged"),
        (idx(np.zeros((2, 3, 3), np.uint8), kind=13), "damaged"),
        (idx(np.zeros(6, np.uint8)), "damaged"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 6, 1 << 20, 1 << 20), "at most"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 0, 28, 28), "at most"),
        (gzip.compress(idx(np.zeros((6, 5, 5), np.uint8)), mtime=0)[:-12], "damaged"),
        (idx(np.zeros((6, 5, 5), np.uint8))[:-1], "damaged"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff", "damaged"),
    ],
)
def test_damage_is_named(tmp_path, data, message):
    write(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(data)
    with pytest.raises(CorpusError, match=message):
        read(tmp_path)


def test_pictures_need_as_many_labels(tmp_path):
    write(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(idx(np.zeros(5, np.uint8)))
    with pytest.raises(CorpusError, match="5 labels for 6 pictures"):
        read_corpus(tmp_path)
    labels.unlink()
    with pytest.raises(CorpusError, match="no train-labels-idx1-ubyte"):
        read_corpus(tmp_path)


def test_mutated_files_are_refused_in_our_words(tmp_path):
    write(tmp_path, packed=False)
    file = tmp_path / "train-images-idx3-ubyte"
    whole = file.read_bytes()
    refused = 0
    for _ in range(200):
        data = bytearray(whole)
        for place in DRAWS.integers(0, 16, 3):
            data[place] = DRAWS.integers(0, 256)
        file.write_bytes(bytes(data[: DRAWS.integers(1, len(data) + 1)]))
        try:
            read(tmp_path)
        except CorpusError:
            refused += 1
    assert refused > 150

"""Reading corpora: parquet and folders, good rows and every kind of bad one."""

import io

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from sfumato.corpus.decode import over_white
from sfumato.corpus.locate import locate
from sfumato.corpus.parquet import parquet_table
from sfumato.corpus.rows import Row
from sfumato.corpus.source import open_source
from sfumato.corpus.split import belongs, half
from sfumato.errors import CorpusError, OutputError


def encoded(pixels, kind="PNG"):
    data = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(data, kind, **({"lossless": True} if kind == "WEBP" else {}))
    return data.getvalue()


def plain(value=0, size=8):
    return encoded(np.full((size, size, 3), value))


def parquet(path, rows):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def row(k, **changes):
    return {"id": f"r{k}", "caption": f"thing {k}", "split": "train", "style": "a", "image": plain(k), **changes}


def test_transparency_is_laid_over_white_and_rounded():
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (255, 0, 0, 255)
    rgba[0, 1] = (255, 0, 0, 128)
    rgba[1, 0] = (10, 20, 30, 0)
    out = over_white(encoded(rgba, "WEBP"), 2)
    assert out[0, 0].tolist() == [255, 0, 0]
    assert out[0, 1].tolist() == [255, 127, 127]
    assert out[1, 0].tolist() == [255, 255, 255]


def test_other_shapes_are_centred_on_white():
    out = over_white(encoded(np.zeros((4, 2, 3))), 4)
    assert out[:, :, 0].tolist() == [[255, 0, 0, 255]] * 4


def test_the_real_rows_are_read(request):
    data = request.path.parents[1] / "data" / "glyphs.parquet"
    table = parquet_table(data)
    assert len(table.rows) == 200
    assert not table.skipped
    assert all(r.caption and r.style_phrase and r.license and r.split == "train" for r in table.rows)


def test_only_the_asked_split_and_styles_and_cached_once(tmp_path):
    path = parquet(tmp_path / "c.parquet", [row(0), row(1, split="val"), row(2, style="b"), row(3)])
    first = open_source(path, split="train", size=8, cache=tmp_path / "cache")
    assert [r.id for r in first.rows] == ["r0", "r2", "r3"]
    assert first.pictures[:, 0, 0, 0].tolist() == [0, 2, 3]
    assert [r.id for r in open_source(path, split="val", size=8, cache=tmp_path / "cache").rows] == ["r1"]
    assert [r.id for r in open_source(path, split="train", size=8, cache=tmp_path / "cache", styles=("b",)).rows] == [
        "r2"
    ]
    calls = []
    again = open_source(path, split="train", size=8, cache=tmp_path / "cache", progress=lambda *a: calls.append(a))
    assert not calls
    assert again.key == first.key
    assert not list((tmp_path / "cache").glob("*.part*"))


def test_corrupt_rows_are_left_out_and_named(tmp_path):
    webp = encoded(np.arange(192).reshape(8, 8, 3), "WEBP")
    bad = [
        row(1, image=webp[: len(webp) // 2]),
        row(2, image=b""),
        row(3, image=b"GIF89a" + bytes(40)),
        row(4, image=None),
        row(5, caption=""),
        row(6, caption=None),
        row(7, caption="nul \0 inside"),
        row(8, caption="x" * 20_000),
        {**row(9), "id": None},
        row(10, image=b"\x80\x04pickle"),
    ]
    source = open_source(
        parquet(tmp_path / "c.parquet", [row(0), *bad, row(11)]), split="train", size=8, cache=tmp_path
    )
    assert [r.id for r in source.rows] == ["r0", "r11"]
    assert source.pictures[:, 0, 0, 0].tolist() == [0, 11]
    assert {s.position for s in source.skipped} == set(range(1, 11))
    assert all(s.reason for s in source.skipped)


def test_hundreds_of_damaged_pictures_raise_nothing_else():
    good = encoded(np.random.default_rng(0).integers(0, 255, (16, 16, 3)), "WEBP")
    chance = np.random.default_rng(1)
    refused = 0
    for _ in range(400):
        data = bytearray(good)
        for at in chance.integers(0, len(data), 3):
            data[at] = chance.integers(256)
        try:
            assert over_white(bytes(data), 16).shape == (16, 16, 3)
        except CorpusError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize("content", [b"", b"PAR1 not really PAR1", b"\x80\x04\x95", bytes(1000)])
def test_a_file_that_is_no_parquet(tmp_path, content):
    path = tmp_path / "c.parquet"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match="cannot be read as parquet"):
        parquet_table(path)


def test_a_lacking_column_is_named(tmp_path):
    with pytest.raises(CorpusError, match="lacks the column 'caption'"):
        parquet_table(parquet(tmp_path / "c.parquet", [{"id": "a", "image": b""}]))


def test_nothing_usable(tmp_path):
    path = parquet(tmp_path / "c.parquet", [row(0, image=b"no")])
    with pytest.raises(CorpusError, match=r"no usable picture.*1 rows were left out"):
        open_source(path, split="train", size=8, cache=tmp_path)


def test_a_plain_folder(tmp_path):
    folder = tmp_path / "mine"
    (folder / "val").mkdir(parents=True)
    for name, caption in (("b", "second\nkey one, two"), ("a", "first"), ("c", None), ("val/d", "held out")):
        (folder / f"{name}.png").write_bytes(plain(len(name)))
        if caption:
            (folder / f"{name}.txt").write_text(caption)
    source = open_source(folder, split="train", size=8, cache=tmp_path / "cache")
    assert [(r.id, r.caption, r.keywords) for r in source.rows] == [
        ("a.png", "first", ()),
        ("b.png", "second", ("key one", "two")),
    ]
    assert [(s.id, "c.txt" in s.reason) for s in source.skipped] == [("c.png", True)]
    assert [r.id for r in open_source(folder, split="val", size=8, cache=tmp_path / "cache").rows] == ["val/d.png"]
    with pytest.raises(CorpusError, match="holds no picture"):
        open_source(tmp_path / "cache", split="train", size=8, cache=tmp_path / "cache")


def test_where_a_name_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("SFUMATO_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=r"'glyphs' was not found.*SFUMATO_DATA"):
        locate("glyphs", None)
    with pytest.raises(CorpusError, match=r"corpus colours glyphs\.parquet --out glyphs-colours\.parquet"):
        locate("glyphs-colours", tmp_path)
    file = parquet(tmp_path / "glyphs.parquet", [row(0)])
    assert locate("glyphs", file) == locate("glyphs", tmp_path) == file
    monkeypatch.setenv("SFUMATO_DATA", str(tmp_path))
    assert locate("glyphs", None) == file
    assert locate(str(file), None) == file


def test_a_cache_that_cannot_be_written(tmp_path):
    path = parquet(tmp_path / "c.parquet", [row(0)])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        open_source(path, split="train", size=8, cache=tmp_path / "file")


def test_val_falls_into_two_halves_by_family():
    rows = [Row(position=k, id=str(k), caption="c", family=f"f{k // 3}", split="val") for k in range(600)]
    halves = {split: {r.id for r in rows if belongs(r, split)} for split in ("tune", "report", "val", "train")}
    assert not halves["tune"] & halves["report"]
    assert halves["tune"] | halves["report"] == halves["val"] == {r.id for r in rows}
    assert not halves["train"]
    assert {int(k) // 3 for k in halves["tune"]}.isdisjoint(int(k) // 3 for k in halves["report"])
    assert 200 < len(halves["tune"]) < 400
    assert half("grinning-face") == half("grinning-face")

"""A corpus pack: the same bytes from the same corpus, any picture at once, any flipped bit named."""

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image
from tests.corpus.tarballs import GLYPHS

from sfumato.corpus.detect import detect, read_corpus
from sfumato.corpus.pack_manifest import Manifest, from_bytes
from sfumato.corpus.pack_read import CorpusPack, pack_table, read_manifest
from sfumato.corpus.pack_split import ByFamily, ByPairs
from sfumato.corpus.pack_verify import verify
from sfumato.corpus.pack_write import Packing, write_corpus_pack
from sfumato.corpus.source import open_source
from sfumato.errors import CorpusError, OutputError

SMALL = 8 << 10
"""A shard small enough that a few pictures fill one."""


def encoded(pixels, kind="PNG", **options):
    data = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(data, kind, **options)
    return data.getvalue()


def noise(k, size=16):
    return np.random.default_rng(k).integers(0, 256, (size, size, 4), np.uint8)


def corpus(path, rows):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return read_corpus(path)


def row(k, **changes):
    words = {"license": "MIT", "source": "s", "author": f"author {k}", "split": "val" if k % 7 == 0 else "train"}
    return {"id": f"r{k}", "caption": f"thing {k}", "image": encoded(noise(k)), **words, **changes}


@pytest.fixture
def table(tmp_path):
    return corpus(tmp_path / "c.parquet", [row(k) for k in range(40)])


@pytest.fixture
def pack(table, tmp_path):
    write_corpus_pack(table, tmp_path / "pack", Packing(shard=SMALL))
    return tmp_path / "pack"


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_corpus_gives_the_same_bytes(table, pack, tmp_path):
    again = write_corpus_pack(table, tmp_path / "again", Packing(shard=SMALL))
    assert contents(pack) == contents(tmp_path / "again")
    assert len(contents(pack)) == 3 + len(again.shards) > 6
    whole = write_corpus_pack(table, tmp_path / "whole", Packing())
    assert (whole.merkle_root, len(whole.shards)) == (again.merkle_root, 1)
    for shard in again.shards:
        data = (pack / shard["name"]).read_bytes()
        assert len(data) == shard["bytes"] <= SMALL
        assert hashlib.sha256(data).hexdigest() == shard["sha256"]
        assert shard["sha256"][:16] in shard["name"]


def test_what_is_in_is_what_was_given(table, pack):
    opened = CorpusPack(pack)
    given = list(table.pictures(table.rows))
    assert list(opened.stream()) == given
    assert [opened.picture(k) for k in (39, 0, 17, 17)] == [given[k] for k in (39, 0, 17, 17)]
    assert opened.rows() == table.rows
    for entry, data in zip(opened.manifest.pictures, given, strict=True):
        assert (entry.sha256, entry.size) == (hashlib.sha256(data).hexdigest(), len(data))
        assert (entry.width, entry.height, entry.license) == (16, 16, "MIT")


def test_a_stream_holds_one_shard(pack):
    opened = CorpusPack(pack)
    assert not opened._maps
    for _ in opened.stream():
        assert len(opened._maps) == 1


def test_training_reads_a_pack_as_it_reads_the_corpus(tmp_path):
    write_corpus_pack(read_corpus(GLYPHS), tmp_path / "p", Packing(splitting=ByPairs(), shard=200_000))
    assert detect(tmp_path / "p").read is pack_table
    a = open_source(tmp_path / "p", split="train", size=32, cache=tmp_path / "cache")
    val = open_source(tmp_path / "p", split="val", size=32, cache=tmp_path / "cache")
    b = open_source(GLYPHS, split="train", size=32, cache=tmp_path / "cache")
    assert (len(a), len(val)) == (190, 10)
    there = dict(zip([r.id for r in b.rows], b.pictures, strict=True))
    for source in (a, val):
        for one, picture in zip(source.rows, source.pictures, strict=True):
            np.testing.assert_array_equal(picture, there[one.id])


def test_the_same_pixels_are_kept_once_whatever_the_file(tmp_path):
    hidden = noise(1)
    hidden[:4, :4, 3] = 0
    other = hidden.copy()
    other[:4, :4, :3] = 7
    rows = [
        row(1, image=encoded(hidden)),
        row(2, image=encoded(other, "WEBP", lossless=True, exact=True), license="CC0"),
        row(3),
        row(4, image=encoded(noise(3), compress_level=1)),
        row(5, image=encoded(noise(3)[:, ::-1])),
    ]
    manifest = write_corpus_pack(corpus(tmp_path / "c.parquet", rows), tmp_path / "p", Packing())
    assert [entry.id for entry in manifest.pictures] == ["r1", "r3", "r5"]
    assert [(one["id"], one["same_as"], one["license"]) for one in manifest.repeats] == [
        ("r2", "r1", "CC0"),
        ("r4", "r3", "MIT"),
    ]


def test_pictures_that_cannot_be_used_are_listed(tmp_path):
    rows = [row(0), row(1, image=b"GIF89a"), row(2, caption=""), row(3), row(4, id="r3")]
    rows.append(row(5, image=encoded(noise(5, 80))))
    table = corpus(tmp_path / "c.parquet", rows)
    manifest = write_corpus_pack(table, tmp_path / "p", Packing(shard=SMALL))
    assert [entry.id for entry in manifest.pictures] == ["r0", "r3"]
    why = [(one["id"], one["reason"]) for one in manifest.left_out]
    assert [name for name, _ in why] == ["r2", "r1", "r3", "r5"]
    assert "the same id" in why[2][1]
    assert "more than a shard" in why[3][1]
    with pytest.raises(CorpusError, match="no usable picture: 1 rows"):
        write_corpus_pack(corpus(tmp_path / "d.parquet", rows[1:2]), tmp_path / "q", Packing())
    assert not (tmp_path / "q").exists()


def test_lossless_webp_keeps_the_pixels(table, tmp_path):
    given = write_corpus_pack(table, tmp_path / "a", Packing())
    webp = write_corpus_pack(table, tmp_path / "b", Packing(encoding="lossless WebP"))
    assert [e.pixels_sha256 for e in given.pictures] == [e.pixels_sha256 for e in webp.pictures]
    assert all(data[8:12] == b"WEBP" for data in CorpusPack(tmp_path / "b").stream())
    assert not verify(tmp_path / "b")
    opaque = corpus(tmp_path / "o.parquet", [row(0, image=encoded(noise(0)[..., :3], "BMP"))])
    write_corpus_pack(opaque, tmp_path / "c", Packing(encoding="lossless WebP"))
    with Image.open(io.BytesIO(CorpusPack(tmp_path / "c").picture(0))) as picture:
        assert picture.mode == "RGB"


def test_a_split_is_made_and_stated(table, tmp_path):
    manifest = write_corpus_pack(table, tmp_path / "p", Packing(splitting=ByFamily(share=0.3)))
    held = [entry.id for entry in manifest.pictures if entry.split == "val"]
    assert 4 < len(held) < 20
    assert read_manifest(tmp_path / "p").split == {"kind": "family", "share": 0.3}
    card = (tmp_path / "p" / "DATA_CARD.md").read_text()
    assert "By hash of the family" in card
    assert f"| val | {len(held)} |" in card
    assert f"`{manifest.merkle_root}`" in card
    assert "| MIT | s | author 3 | 1 |" in card


def test_the_manifest_goes_there_and_back(pack):
    data = (pack / "manifest.json").read_bytes()
    manifest = from_bytes(data)
    assert manifest.to_bytes() == data
    found = json.loads(data)
    assert found["merkle_root"] == manifest.merkle_root
    assert len(found["pictures"]) == 40


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"version":1', b'"version":2', "this Sfumato reads"),
        (b'"name":', b'"nome":', "unknown key 'nome'"),
        (b'"width":16', b'"width":-1', "lacks what a corpus pack has"),
        (b'"caption":"thing 3"', b'"caption":"thing 4"', "not those of its lines"),
        (b'"id":"r3"', b'"id":3   ', "lacks what a corpus pack has"),
        (b"{\n", b"[\n", "not the JSON"),
    ],
)
def test_a_changed_manifest_is_refused(pack, old, new, message):
    data = (pack / "manifest.json").read_bytes()
    assert old in data
    with pytest.raises(CorpusError, match=message):
        from_bytes(data.replace(old, new, 1))


def test_a_manifest_cannot_name_a_file_elsewhere(pack):
    manifest = read_manifest(pack)
    shards = [{**manifest.shards[0], "name": "../../secret"}, *manifest.shards[1:]]
    forged = Manifest(**{**{f: getattr(manifest, f) for f in manifest.__dataclass_fields__}, "shards": shards})
    (pack / "manifest.json").write_bytes(forged.to_bytes())
    with pytest.raises(CorpusError, match="names a shard"):
        CorpusPack(pack)


def test_a_crash_leaves_no_pack_and_the_next_run_is_the_same(table, pack, tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom sfumato.corpus.detect import read_corpus\n"
        "from sfumato.corpus import attempts, pack_write\nattempts.GROUP = 8\n"
        "pack_write.write_corpus_pack(read_corpus(Path(sys.argv[1])), Path(sys.argv[2]), "
        f"pack_write.Packing(shard={SMALL}), lambda done, total: os._exit(9) if done >= 24 else None)"
    )
    target = tmp_path / "crashed"
    done = subprocess.run([sys.executable, "-c", code, table.path, target], env={**os.environ}, check=False)
    assert done.returncode == 9
    assert not target.exists()
    left = [path for path in tmp_path.iterdir() if path.name.startswith(".crashed")]
    assert any(path.suffix == ".bin" for path in left[0].iterdir())
    write_corpus_pack(table, target, Packing(shard=SMALL))
    assert contents(target) == contents(pack)


def test_an_interruption_leaves_nothing(table, tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_corpus_pack(table, tmp_path / "p", Packing(), interrupt)
    assert {path.name for path in tmp_path.iterdir()} == {"c.parquet"}


def test_a_folder_that_is_there_is_not_touched(table, pack):
    with pytest.raises(OutputError, match="exists already"):
        write_corpus_pack(table, pack, Packing())
    assert not verify(pack)


def test_a_folder_that_is_no_pack(tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "an app"}')
    (tmp_path / "a.png").write_bytes(encoded(noise(0)))
    (tmp_path / "a.txt").write_text("a thing")
    assert detect(Path(tmp_path)).read is not pack_table

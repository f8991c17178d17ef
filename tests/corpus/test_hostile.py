"""Hostile files (design evidence R6): the import finishes, each bad file is named with a reason, memory is bounded."""

import contextlib
import json
import subprocess
import sys

import numpy as np
import pytest
from tests.corpus.making import in_folder, in_saved, in_shards, picture
from tests.corpus.test_decode import png

from sfumato.corpus.check import check
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.source import open_source
from sfumato.errors import CorpusError

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")

IMPORT = """
import json, sys
from pathlib import Path
from sfumato.corpus.source import open_source
import numpy, PIL.Image, concurrent.futures
def most():  # getrusage begins with what the process held that started this one
    about = Path("/proc/self/status")
    return int(about.read_text().split("VmHWM:")[1].split()[0]) if about.exists() else 0
before = most()
source = open_source(Path(sys.argv[1]), split="train", size=16, cache=Path(sys.argv[2]))
after = most()
print(json.dumps({"kept": len(source), "skipped": {s.id: s.reason for s in source.skipped},
                  "mb": (after - before) / 1024}))
"""


def mutated(chance, good):
    """A picture with some bytes changed, cut away, doubled or put in."""
    data = bytearray(good)
    for _ in range(chance.integers(1, 6)):
        at = int(chance.integers(0, len(data)))
        match chance.integers(0, 5):
            case 0:
                data[at] = chance.integers(256)
            case 1:
                del data[at:]
            case 2:
                data[at:at] = chance.bytes(chance.integers(1, 40))
            case 3:
                data[at : at + 4] = b"\xff\xff\xff\xff"
            case 4:
                data[at:at] = data[at : at + 64]
        data = data or bytearray(b"\0")
    return bytes(data)


@pytest.mark.slow
def test_5000_mutated_files_and_bombs_leave_the_import_finished_and_each_bad_one_named(tmp_path):
    folder, chance = tmp_path / "c", np.random.default_rng(11)
    in_folder(folder, [f"thing {k}" for k in range(100)])
    good = {kind: picture(7, 24, kind) for kind in KINDS}
    for k in range(5000):
        kind = KINDS[k % 5]
        (folder / f"m{k}.{kind.lower()}").write_bytes(mutated(chance, good[kind]))
        (folder / f"m{k}.txt").write_text(f"mutant {k}")
    for k, side in enumerate((8001, 30_000, 2**31 - 1)):
        (folder / f"bomb{k}.png").write_bytes(png(side, side, 8, 2, [b"\0"]))
        (folder / f"bomb{k}.txt").write_text("a bomb")
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(folder), str(tmp_path / "cache")],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    held_out = open_source(folder, split="val", size=16, cache=tmp_path / "cache")
    bad = set(said["skipped"]) | {s.id for s in held_out.skipped}
    assert said["kept"] + len(held_out) + len(bad) == 5103, "every file is used or named"
    assert len(bad) > 1500
    assert all(len(reason) > 10 for reason in said["skipped"].values())
    assert {f"bomb{k}.png" for k in range(3)} <= bad
    assert said["mb"] < 300


@pytest.mark.parametrize("seed", range(40))
def test_a_mutated_shard_is_read_as_far_as_it_goes_or_refused(tmp_path, seed):
    chance = np.random.default_rng(seed)
    folder = in_shards(tmp_path / "c", [f"thing {k}" for k in range(3)])
    for path in folder.glob("*.tar"):
        path.write_bytes(mutated(chance, path.read_bytes()))
    try:
        report = check(folder, 8)
    except CorpusError:
        return
    assert all(s.reason for s in report.left_out)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv", "1.json"])
def test_mutated_captions_are_read_or_refused(tmp_path, seed, name):
    chance = np.random.default_rng(seed)
    folder = in_folder(tmp_path / "c")
    text = {
        "metadata.jsonl": b'{"file_name": "0.png", "text": "x"}\n{"file_name": "1.png", "text": ["y", 3]}\n',
        "metadata.csv": b"file_name,text\n0.png,x\n1.png,y\n",
        "1.json": b'{"caption": "x", "keywords": ["a"]}',
    }[name]
    (folder / name).write_bytes(mutated(chance, text))
    with contextlib.suppress(CorpusError):
        assert len(check(folder, 8).used) <= 3


def test_a_picture_that_vanishes_between_two_looks(tmp_path):
    folder = in_folder(tmp_path / "c")
    found = read_corpus(folder)
    (folder / "1.png").unlink()
    assert list(found.pictures(found.rows)) == [picture(0), b"", picture(2)]


COLUMNAR = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import numpy
from tests.corpus.making import in_parquet, in_saved
from tests.corpus.test_hostile import mutated
from sfumato.corpus.check import check
from sfumato.errors import CorpusError
home, refused = Path(sys.argv[2]), 0
names = [f"thing {k}" for k in range(30)]
makers = (in_saved, lambda p, n: in_saved(p, n, file=True), lambda p, n: in_parquet(p / "a.parquet", n))
for number, make in enumerate(makers):
    path = make(home / str(number), names)
    file = path if path.is_file() else path / "data-00000-of-00001.arrow"
    good = file.read_bytes()
    for seed in (*range(150), 664):
        file.write_bytes(mutated(numpy.random.default_rng(seed), good))
        try:
            check(path, 8)
        except CorpusError:
            refused += 1
print(refused)
"""


def test_mutated_arrow_and_parquet_files_are_refused_and_bring_nothing_down(request, tmp_path):
    """In a process of its own: a reader that follows a damaged offset ends with a signal, not with an exception."""
    root = str(request.config.rootpath)
    done = subprocess.run(
        [sys.executable, "-c", COLUMNAR, root, str(tmp_path)], capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert 300 < int(done.stdout) < 453


def test_a_column_whose_name_is_no_text(tmp_path):
    file = in_saved(tmp_path / "c") / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes().replace(b"text", b"\xb7\xb7\xb7\xb7"))
    with pytest.raises(CorpusError, match="cannot be read as Arrow"):
        check(tmp_path / "c", 8)

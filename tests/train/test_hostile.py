"""Checkpoints that somebody means ill with: vouched for by their hashes, and still nothing runs, hangs or crashes."""

import hashlib
import io
import json
import pickle
import random
import resource
import time
import zipfile

import pytest
import torch
from tests.train.crash_points import checkpoint

from sfumato.errors import CheckpointError
from sfumato.train.slices import HEADER_LIMIT
from sfumato.train.state import INDEX, PARTS, load_checkpoint, open_checkpoint, save_checkpoint, sealed


class Payload:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (exec, (f"open({str(self.mark)!r}, 'w').close()",))


@pytest.fixture
def folder(tmp_path):
    save_checkpoint(tmp_path / "1", checkpoint(1), keep=1)
    return tmp_path / "1"


def vouch(folder, **changes):
    """Seal the index anew over what the files hold now."""
    index = json.loads((folder / INDEX).read_text())
    del index["seal"]
    sums = {f"{part}.safetensors": hashlib.sha256((folder / f"{part}.safetensors").read_bytes()) for part in PARTS}
    index["sha256"] = {name: digest.hexdigest() for name, digest in sums.items()}
    (folder / INDEX).write_bytes(sealed(index | changes))


def pickles(mark):
    """Twenty files that run code when something unpickles them."""
    for protocol in range(2, 6):
        data = pickle.dumps(Payload(mark), protocol=protocol)
        torch_file, zipped = io.BytesIO(), io.BytesIO()
        torch.save({"a": Payload(mark)}, torch_file, pickle_protocol=protocol)
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("archive/data.pkl", data)
        header = len(data).to_bytes(8, "little")
        yield from (data, torch_file.getvalue(), zipped.getvalue(), header + data, b"\x80\x02" + data)


def test_no_pickle_runs(folder, tmp_path):
    mark, count = tmp_path / "mark", 0
    for data in pickles(mark):
        count += 1
        (folder / "weights.safetensors").write_bytes(data)
        vouch(folder)
        for read in (load_checkpoint, open_checkpoint):
            with pytest.raises(CheckpointError):
                read(folder)
        (folder / INDEX).write_bytes(data)
        with pytest.raises(CheckpointError, match="missing or damaged"):
            load_checkpoint(folder)
        vouchable(folder)
    assert count == 20
    assert not mark.exists()
    pickle.loads(pickle.dumps(Payload(mark)))
    assert mark.exists()  # so that its absence above says something


def vouchable(folder):
    save_checkpoint(folder, checkpoint(1), keep=1)


def mutant(data, chance):
    """Bytes changed, cut, doubled or put in, mostly in the header."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(data), 400) if chance.random() < 0.8 else len(data))
        match chance.randrange(4):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at] = chance.choice(b'\x00\xff"{}[]:,09-e')
            case 2:
                del data[at : at + chance.randint(1, 9)]
            case _:
                data[at:at] = data[at : at + chance.randint(1, 9)]
        if not data:
            return b""
    return bytes(data)


def survived(folder, count):
    """How many of `count` mutants were loaded; the others raised CheckpointError. Slow or large ones fail."""
    chance, loaded, slowest = random.Random(5), 0, 0.0
    whole = {file: file.read_bytes() for file in sorted(folder.iterdir())}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for k in range(count):
        file = chance.choice(list(whole))
        file.write_bytes(mutant(whole[file], chance))
        if file.name != INDEX:
            vouch(folder)
        begin = time.process_time()
        try:
            (load_checkpoint if k % 2 else open_checkpoint)(folder)
            loaded += 1
        except CheckpointError:
            pass
        slowest = max(slowest, time.process_time() - begin)
        for changed in {file, folder / INDEX}:
            changed.write_bytes(whole[changed])
    assert slowest < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 << 10  # in KiB
    return loaded


def test_mutants_are_refused_or_harmless(folder):
    assert 0 < survived(folder, 400) < 400


@pytest.mark.slow
def test_five_thousand_mutants(folder):
    assert 0 < survived(folder, 5000) < 5000


def test_a_header_that_would_take_minutes_is_not_parsed(folder):
    header = b"{" + b" " * HEADER_LIMIT + b"}"
    (folder / "average.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    vouch(folder)
    for read in (load_checkpoint, open_checkpoint):
        with pytest.raises(CheckpointError, match="damaged or hostile"):
            read(folder)


@pytest.mark.parametrize("index", [{"version": 2}, {"version": 2, "rows": 7}, {"version": 2, "rows": {"x": 1}}, {}])
def test_an_index_that_describes_nothing(folder, index):
    index = {"format": "sfumato-training", "version": 1, "sha256": {}} | index
    (folder / INDEX).write_bytes(sealed(index))
    with pytest.raises(CheckpointError):
        load_checkpoint(folder)

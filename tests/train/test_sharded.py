"""Shards of a run's state: the same training, files of rows, and any number of processes to go on with."""

import json
import shutil

import pytest
import torch
from safetensors.torch import save
from tests.train.launched import arguments, ended, torchrun
from tests.train.tiny_runs import SMALL, sfumato

from sfumato.errors import CheckpointError
from sfumato.train.build import make_network
from sfumato.train.reading import load_recipe
from sfumato.train.sharded import innermost_blocks, own_rows, rows_of
from sfumato.train.slices import Piece, pieces_in
from sfumato.train.state import (
    INDEX,
    PARTS,
    SLICED,
    Checkpoint,
    listed,
    load_checkpoint,
    open_checkpoint,
    save_checkpoint,
    sealed,
)
from sfumato.train.team import Team

TENSORS = {"a": torch.arange(35.0).view(7, 5), "one": torch.arange(3.0), "number": torch.tensor(4.0)}
CHANGES = ("optimiser.batch=12", "optimiser.micro=2", "network.dropout=0.0", "rate.images=120", "watch.metrics=12",
           "watch.checkpoint=60", "watch.heldout=120", "watch.sheet=120", "watch.snapshot=60",
           "watch.keep=9")  # fmt: skip


def test_rows_are_dealt_in_order_and_wholly():
    for count in range(8):
        for size in (1, 2, 3, 5):
            rows = [k for rank in range(size) for k in range(*rows_of(count, Team(rank=rank, size=size)))]
            assert rows == list(range(count))


@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_any_rows_of_any_files(tmp_path, size):
    held = {}
    for rank in range(size):
        rows = {name: rows_of(len(t), Team(rank=rank, size=size)) for name, t in TENSORS.items() if t.ndim}
        rows = {name: r for name, r in rows.items() if r[0] < r[1]} | ({} if rank else {"number": (0, 1)})
        file = f"weights.{rank}of{size}.safetensors"
        data = {n: TENSORS[n][slice(*r)].contiguous() if TENSORS[n].ndim else TENSORS[n] for n, r in rows.items()}
        (tmp_path / file).write_bytes(save(data))
        held[file] = rows
    pieces = pieces_in(tmp_path, "weights", held)
    assert sorted(pieces) == sorted(TENSORS)
    for name, tensor in TENSORS.items():
        assert pieces[name].shape == tuple(tensor.shape)
        assert pieces[name].whole().equal(tensor)
    for start in range(8):
        for stop in range(start, 8):
            assert pieces["a"].rows(start, stop).equal(TENSORS["a"][start:stop])
    assert not pieces_in(tmp_path, "moments", held)


def test_rows_that_are_not_there(tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(save({"a": TENSORS["a"][:4].contiguous()}))
    with pytest.raises(CheckpointError, match="lacks rows of 'a'"):
        Piece("a", [(tmp_path / "weights.safetensors", 0, 4)]).rows(2, 6)


def test_what_is_not_sharded_is_the_leaders():
    assert sorted(own_rows(TENSORS, Team(rank=0, size=2))[0]) == sorted(TENSORS)
    assert own_rows(TENSORS, Team(rank=1, size=2)) == ({}, {})


def test_a_checkpoint_of_one_process_opens_as_pieces(tmp_path):
    save_checkpoint(tmp_path / "1", Checkpoint({part: TENSORS for part in PARTS}, {"progress": {}}), keep=1)
    opened = open_checkpoint(tmp_path / "1")
    assert opened.tensors["moments"]["a"].rows(2, 4).equal(TENSORS["a"][2:4])
    assert opened.tensors["average"]["number"].whole() == 4.0
    file = tmp_path / "1" / "average.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(CheckpointError, match=r"average\.safetensors is damaged"):
        open_checkpoint(tmp_path / "1")


def test_an_index_cannot_name_files_elsewhere(tmp_path):
    (tmp_path / "out.safetensors").write_bytes(save(TENSORS))
    (tmp_path / "1").mkdir()
    index = {"format": "sfumato-training", "version": SLICED, "sha256": {"../out.safetensors": ""}, "rows": {}}
    (tmp_path / "1" / INDEX).write_bytes(sealed(index))
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path / "1")


def test_blocks_that_are_gathered_one_by_one():
    net = make_network(load_recipe("tiny", SMALL))
    kinds = {type(block).__name__ for block in innermost_blocks(net)}
    assert kinds == {"ResBlock", "TransformerBlock"}


def losses(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return {(line["event"], line["images"]): line["loss"] for line in lines}


@pytest.mark.slow
def test_shards_train_like_copies_and_go_on_with_one_and_with_three(tmp_path):
    cache, run = tmp_path / "cache", tmp_path / "run"
    done = sfumato(*arguments(tmp_path / "one", *CHANGES), cache=cache)
    assert done.returncode == 0, done.stderr
    code, errors = ended(torchrun(2, *arguments(run, *CHANGES), "--spread", "shards", cache=cache))
    assert code == 0, errors
    first, second = (load_checkpoint(r / "checkpoints" / "000000000") for r in (tmp_path / "one", run))
    assert len(list((run / "checkpoints" / "000000000").glob("*of2.safetensors"))) == 6
    assert {n: t.tolist() for n, t in first.tensors["weights"].items()} == {
        n: t.tolist() for n, t in second.tensors["weights"].items()
    }
    alone, spread = losses(tmp_path / "one"), losses(run)
    for key in alone:
        assert spread[key] == pytest.approx(alone[key], rel=1e-6 if key[1] <= 24 else 1e-4), key
    assert (run / "model").is_dir()
    for images in (60, 120):
        snapshots = [(r / "averages" / f"{images:09d}.safetensors").stat().st_size for r in (tmp_path / "one", run)]
        assert snapshots[0] == snapshots[1]
    for size in (1, 3):
        again = tmp_path / str(size)
        shutil.copytree(run, again)
        shutil.rmtree(again / "checkpoints" / "000000120")
        resumed = ("train", "--resume", again, "--spread", "shards")
        code, errors = ended(torchrun(size, *resumed, cache=cache))
        assert code == 0, errors
        assert "goes on from 000000060" in errors
        for key, loss in losses(again).items():
            assert loss == pytest.approx(spread[key], rel=1e-6 if key[1] <= 72 else 1e-4), (size, key)
        assert listed(again / "checkpoints")[-1].name == "000000120"


@pytest.mark.slow
def test_what_shards_cannot_do(tmp_path):
    for change, words in (("optimiser.kind=muon", "Muon turns whole matrices"), ("optimiser.batch=9", "evenly")):
        process = torchrun(2, *arguments(tmp_path / "run", change), "--spread", "shards", cache=tmp_path / "cache")
        code, errors = ended(process)
        assert code != 0
        assert words in errors

"""What cannot fit is refused before the run starts, with the sizes; what a step keeps is what was foreseen."""

import gc

import pytest
import torch
from tests.train.tiny_runs import DATA

from sfumato.cli.main import main
from sfumato.errors import RecipeError
from sfumato.train import memory
from sfumato.train.build import build, described_network, make_network
from sfumato.train.material import Place
from sfumato.train.memory import available, kept, refuse_large_batch, refuse_large_state, size_of, spelt
from sfumato.train.reading import load_recipe
from sfumato.train.small_set import small_set
from sfumato.train.state import Checkpoint
from sfumato.train.team import Team

SHORT = ("--set", "rate.images=16", "--set", "watch.heldout=0", "--set", "watch.sheet=0", "--device", "cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    recipe = load_recipe("tiny")
    place = Place(device=torch.device("cpu"), data=DATA, cache=tmp_path_factory.mktemp("cache"), report=lambda *_: None)
    return recipe, build(recipe, place).objective


def test_a_described_network_has_the_sizes_and_no_numbers():
    recipe = load_recipe("tiny")
    described, made = described_network(recipe), make_network(recipe)
    assert {p.device.type for p in described.parameters()} == {"meta"}
    assert [p.shape for p in described.parameters()] == [p.shape for p in made.parameters()]


def test_pictures_cost_the_same_each_and_change_nothing(tiny):
    _, objective = tiny
    before = {name: p.clone() for name, p in objective.net.named_parameters()}
    one, two = kept(objective, 1), kept(objective, 2)
    pixels = 32 * 32 * 32 * 4
    assert 10 * pixels < two - one < 1000 * pixels
    assert all(p.grad is None and p.equal(before[name]) for name, p in objective.net.named_parameters())


def test_asking_keeps_nothing(tiny):
    """Nothing in Python refers to a graph that holds itself: such a graph stays for as long as the process runs."""
    _, objective = tiny

    def alive():
        gc.collect()
        return sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())

    kept(objective, 2)  # the encoder remembers these prompts from here on
    before = alive()
    kept(objective, 2)
    assert alive() == before


def test_a_batch_that_cannot_fit_is_refused_with_what_would(tiny, monkeypatch):
    recipe, objective = tiny
    state = 16 * sum(p.numel() for p in objective.net.parameters())
    each = kept(objective, 2) - kept(objective, 1)
    monkeypatch.setattr(memory, "available", lambda device: state + 3 * each)
    with pytest.raises(RecipeError, match=r"for each of 8 pictures at once.*optimiser\.micro to 3 or less"):
        refuse_large_batch(recipe, objective, Team())
    monkeypatch.setattr(memory, "available", lambda device: state + 8 * each)
    refuse_large_batch(recipe, objective, Team())
    monkeypatch.setattr(memory, "available", lambda device: state // 2)
    with pytest.raises(RecipeError, match="make the network or the pictures smaller"):
        refuse_large_batch(recipe, objective, Team())


def test_a_network_that_cannot_fit_is_refused_before_it_is_made(monkeypatch):
    net = described_network(load_recipe("tiny", ["network.block_out_channels=[8192,16384]"]))
    with pytest.raises(RecipeError, match=r"needs at least \d+\.\d GiB for the state of \d+\.\d million parameters"):
        refuse_large_state(load_recipe("tiny"), net, Team(), sharded=False)
    small = described_network(load_recipe("tiny"))
    state = 24 * sum(p.numel() for p in small.parameters())
    monkeypatch.setattr(memory, "available", lambda device: state - 1)
    refuse_large_state(load_recipe("tiny"), small, Team(size=2), sharded=True)
    with pytest.raises(RecipeError, match="--spread shards"):
        refuse_large_state(load_recipe("tiny"), small, Team(size=2), sharded=False)


def test_the_command_says_so(tmp_path, capsys):
    large = ("--set", "network.block_out_channels=[8192,16384]")
    assert main(["train", str(DATA), "--recipe", "tiny", "--out", str(tmp_path / "run"), *large]) == 2
    assert "of memory are free on cpu" in capsys.readouterr().err
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_memory_that_is_lent_counts_as_free(tiny, monkeypatch):
    recipe, objective = tiny
    need = 16 * sum(p.numel() for p in objective.net.parameters()) + 8 * (kept(objective, 2) - kept(objective, 1))
    monkeypatch.setattr(memory, "available", lambda device: need - 1000)
    refuse_large_batch(recipe, objective, Team(), lent=1000)
    with pytest.raises(RecipeError, match=r"optimiser\.micro to 7 or less"):
        refuse_large_batch(recipe, objective, Team(), lent=999)


def test_a_checkpoint_lends_what_it_holds_of_this_memory():
    tensors = {"weights": {"a": torch.zeros(10)}, "moments": {"a": torch.zeros(5, dtype=torch.float64), "b": object()}}
    assert size_of(Checkpoint(tensors, {}), torch.device("cpu")) == 80
    assert size_of(Checkpoint(tensors, {}), torch.device("meta")) == 0


def test_a_run_that_goes_on_is_asked_the_same_but_not_for_its_weights_alone(tmp_path, capsys, monkeypatch):
    run, model = tmp_path / "run", tmp_path / "model"
    assert main(["train", str(DATA), "--recipe", "tiny", "--out", str(run), *SHORT]) == 0
    before = sorted((run / "checkpoints").iterdir())
    parameters = sum(p.numel() for p in described_network(load_recipe("tiny")).parameters())
    for free, words in ((24 * parameters - 1, "for the state of"), (24 * parameters, "for each of 8 pictures at once")):
        monkeypatch.setattr(memory, "available", lambda device, free=free: free)
        assert main(["train", "--resume", str(run), "--cooldown", "16", "--device", "cpu"]) == 2
        assert words in capsys.readouterr().err
    monkeypatch.setattr(memory, "available", lambda device: 0)
    assert main(["train", "--resume", str(run), "--export", str(model), "--device", "cpu"]) == 0
    assert (model / "denoiser.safetensors").is_file()
    assert sorted((run / "checkpoints").iterdir()) == before


def test_what_is_free_here():
    assert 1 << 20 < available(torch.device("cpu")) < 1 << 62
    assert spelt(3 << 30) == "3.0 GiB"
    assert spelt(5 << 20) == "5 MiB"


def test_few_pictures_are_a_warning():
    facts = {"sources": [{"pictures": 300}, {"pictures": 20}]}
    assert "only 320 pictures" in small_set(facts, given=False)[0]
    assert "--from" in small_set(facts, given=False)[0]
    assert "--from" not in small_set(facts, given=True)[0]
    assert not small_set({"sources": [{"pictures": 1000}]}, given=False)

"""`sfumato train` as a user meets it: what it writes, and what it says when it cannot go on."""

import json
import os

import pytest
import safetensors.torch
import torch
from PIL import Image
from tests.train.tiny_runs import DATA

from sfumato import checkpoint
from sfumato.cli.main import main
from sfumato.train.folder import RunFolder
from sfumato.train.state import INDEX, listed

SHORT = ("--set", "rate.images=32", "--set", "watch.metrics=16", "--set", "watch.checkpoint=16", "--set",
         "watch.heldout=32", "--set", "watch.sheet=32", "--device", "cpu")  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SFUMATO_DATA", raising=False)
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path_factory.getbasetemp() / "train-cache"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    os.environ["SFUMATO_CACHE"] = str(tmp_path_factory.getbasetemp() / "train-cache")
    assert main(["train", str(DATA), "--recipe", "tiny", "--out", str(folder / "run"), *SHORT]) == 0
    return folder / "run"


def refused(capsys, *arguments):
    """The one line that a refused command prints."""
    capsys.readouterr()
    assert main(["train", *map(str, arguments)]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert "Traceback" not in "\n".join(lines)
    return lines[-1]


def test_a_finished_run_has_everything(finished):
    assert [p.name for p in listed(finished / "checkpoints")] == ["000000016", "000000032"]
    events = [json.loads(line) for line in (finished / "log.jsonl").read_text().splitlines()]
    assert [(e["event"], e["images"]) for e in events] == [("metrics", 16), ("metrics", 32), ("heldout", 32)]
    assert events[-1]["levels"] == [0.125, 0.375, 0.625, 0.875, 1.0]
    assert all(0 < loss < 3 for loss in events[-1]["loss"])
    assert len(events[-1]["caption"]["gain"]) == 5
    with Image.open(finished / "sheets" / "000000032.png") as sheet:
        assert sheet.size == (2 * 34, 34)
    assert any((finished / "tensorboard").iterdir())
    about = json.loads((finished / "run.json").read_text())
    assert about["recipe"]["name"] == "tiny"
    assert about["facts"]["sources"][0]["pictures"] == 200


def test_the_exported_model_is_the_average_and_loads(finished):
    bundle = checkpoint.load(finished / "model")
    assert bundle.sizes == ((32, 32),)
    card = bundle.card
    assert card["images"] == 32
    assert set(card["licences"]) >= {"MIT", "Apache-2.0"}
    assert card["held_out"]["images"] == 32


def test_a_new_run_begins_from_a_models_weights(finished, tmp_path, capsys):
    out = tmp_path / "second"
    arguments = ["train", str(DATA), "--recipe", "tiny", "--out", str(out), *SHORT, "--set", "rate.images=48"]
    assert main([*arguments, "--from", str(finished / "model")]) == 0
    model = str(finished / "model")
    assert f"begins from {model} at 32 images" in capsys.readouterr().err
    first = json.loads((out / "log.jsonl").read_text().splitlines()[0])
    assert (first["event"], first["images"], first["from"]) == ("start", 32, model)
    assert json.loads((out / "run.json").read_text())["origin"] == {"images": 32, "from": model}
    assert listed(out / "checkpoints")[-1].name == "000000048"


def test_a_run_from_given_weights_says_where_it_ends(finished, tmp_path, capsys):
    start = ("train", str(DATA), "--recipe", "tiny", "--from", str(finished / "model"), *SHORT)
    line = refused(capsys, *start[1:], "--out", tmp_path / "past")
    assert "would end at 32 images" in line
    assert "have seen 32, which count; --cooldown N ends it N pictures later" in line
    assert not (tmp_path / "past").exists(), "nothing is left of a run that was refused"
    assert main([*start, "--out", str(tmp_path / "more"), "--cooldown", "16"]) == 0
    assert listed(tmp_path / "more" / "checkpoints")[-1].name == "000000048"
    rate = json.loads((tmp_path / "more" / "run.json").read_text())["recipe"]["rate"]
    assert (rate["images"], rate["cooldown"]) == (48, 16)
    assert "give one of them" in refused(capsys, *start[1:], "--images", "64", "--cooldown", "16")


def test_a_finished_run_can_be_taken_further_and_exported(finished, tmp_path, capsys):
    run = tmp_path / "copy"
    import shutil

    shutil.copytree(finished, run)
    assert main(["train", "--resume", str(run), "--cooldown", "16", "--device", "cpu"]) == 0
    assert "changed: rate.images=48, rate.cooldown=16" in capsys.readouterr().err
    assert json.loads((run / "run.json").read_text())["changes"][0]["images"] == 32
    assert main(["train", "--resume", str(run), "--export", str(tmp_path / "model"), "--device", "cpu"]) == 0
    assert checkpoint.load(tmp_path / "model").card["images"] == 48


def test_the_averages_width_is_chosen_at_the_export(tmp_path, capsys):
    run = tmp_path / "run"
    train = ["train", str(DATA), "--recipe", "tiny", "--out", str(run), *SHORT, "--set", "watch.snapshot=16"]
    assert main(train) == 0
    assert [p.name for p in sorted((run / "averages").iterdir())] == ["000000016.safetensors", "000000032.safetensors"]
    for width in ("0.1", "0.12"):
        assert main(["train", "--resume", str(run), "--export", str(tmp_path / width), "--average", width]) == 0
    kept, same, wider = (
        safetensors.torch.load_file(folder / "denoiser.safetensors")
        for folder in (run / "model", tmp_path / "0.1", tmp_path / "0.12")
    )
    torch.testing.assert_close(same, kept, rtol=1e-3, atol=1e-5)
    assert any(not torch.equal(wider[name], same[name]) for name in kept)
    assert checkpoint.load(tmp_path / "0.12").card["average"] == 0.12
    assert "average" not in checkpoint.load(run / "model").card
    early = ["train", "--resume", str(run), "--export", str(tmp_path / "early"), "--at"]
    assert main([*early, "16"]) == 0
    assert checkpoint.load(tmp_path / "early").card["images"] == 16
    weak = safetensors.torch.load_file(tmp_path / "early" / "denoiser.safetensors")
    assert any(not torch.equal(weak[name], same[name]) for name in kept)
    capsys.readouterr()
    assert "--at counts images, for --export" in refused(capsys, "--resume", str(run), "--at", "16")
    assert "is a width above 0, for --export" in refused(capsys, "--resume", str(run), "--average", "0.1")


def test_a_damaged_checkpoint_is_passed_over_with_a_message(finished, tmp_path, capsys):
    import shutil

    run = tmp_path / "copy"
    shutil.copytree(finished, run)
    file = run / "checkpoints" / "000000032" / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert main(["train", "--resume", str(run), "--device", "cpu"]) == 0
    errors = capsys.readouterr().err
    assert "goes on from 000000016" in errors
    assert "passed over a checkpoint" in errors
    assert (run / "checkpoints" / "000000032" / INDEX).is_file()
    assert (run / "checkpoints" / "000000032.damaged").is_dir()


def test_what_is_asked_wrongly(finished, tmp_path, capsys):
    assert "give --recipe NAME, or DATA" in refused(capsys)
    assert "give --recipe NAME, or DATA" in refused(capsys, DATA, "--images", "100")
    assert "did you mean 'bozzetto'" in refused(capsys, DATA, "--recipe", "bozetto")
    assert "did you mean 'lr'" in refused(capsys, DATA, "--recipe", "tiny", "--set", "optimiser.lrr=1")
    assert "'glyphs' was not found" in refused(capsys, "--recipe", "tiny")
    assert "there is no run at" in refused(capsys, "--resume", tmp_path / "none")
    assert "no --recipe" in refused(capsys, "--resume", finished, "--recipe", "tiny")
    assert "another run" in refused(capsys, "--resume", finished, "--set", "seed=5")
    assert "cannot be negative" in refused(capsys, DATA, "--recipe", "tiny", "--max-seconds", "-1")
    assert "is not here" in refused(capsys, DATA, "--recipe", "tiny", "--device", "tpu")
    assert "holds a run already" in refused(capsys, DATA, "--recipe", "tiny", "--out", finished)
    assert "no autoencoder" in refused(
        capsys, DATA, "--recipe", "bozzetto", "--set", "space.autoencoder=", "--set", "data.sources=[{name='glyphs'}]",
        "--set", "watch.split=train",
    )  # fmt: skip
    assert "block_out_channel" in refused(capsys, DATA, "--recipe", "tiny", "--set", "network.block_out_channel=[8]")


def test_a_run_held_by_another_trainer(finished, capsys):
    held = RunFolder(finished)
    assert "another trainer is at work" in refused(capsys, "--resume", finished)
    held.close()


def test_other_data_are_not_mistaken_for_the_runs_own(finished, tmp_path, capsys):
    (tmp_path / "glyphs").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "glyphs" / "a.png")
    (tmp_path / "glyphs" / "a.txt").write_text("a black square")
    assert "began with other sources" in refused(capsys, tmp_path, "--resume", finished)


def test_an_output_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    line = refused(capsys, DATA, "--recipe", "tiny", "--out", tmp_path / "file" / "run")
    assert "cannot write" in line


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_the_checkpoint(tmp_path, capsys, monkeypatch):
    from sfumato.train.denoiser_task import DenoiserTask

    real = DenoiserTask.loss

    def broken(self, moment, part, /):
        return real(self, moment, part) * (torch.nan if moment.shown >= 16 else 1.0)

    monkeypatch.setattr(DenoiserTask, "loss", broken)
    line = refused(capsys, DATA, "--recipe", "tiny", "--out", tmp_path / "run", *SHORT)
    assert "the loss is nan after 24 images; lower optimiser.lr" in line
    assert listed(tmp_path / "run" / "checkpoints")[-1].name == "000000016"

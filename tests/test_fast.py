"""`--fast`: which student draws in a model's place, and what is said where there is none."""

import json
import shutil

import numpy as np
import pytest
import torch

import sfumato
from sfumato import checkpoint
from sfumato.cli.main import main
from sfumato.errors import CheckpointError, RecipeError
from sfumato.fast import find_student
from sfumato.nets.unet import UNet
from sfumato.nets.vae import VAE
from sfumato.provenance.files import read
from sfumato.weights import serialise
from tiny import UNET, files, manifest, randomised, write_tiny

FEW = {"method": "distillation", "most": 4, "guidance": [1.0, 8.0]}
EMBEDDED = {"kind": "embedded", "scale": 5.0, "range": [1.0, 8.0]}
DEFAULTS = {"steps": 4, "grid": "shifted", "sampler": {"kind": "consistency"}, "guidance": EMBEDDED, "size": [32, 32]}
RGBA = {"widths": [8, 8], "z_channels": 4, "encoder_depth": 1, "decoder_depth": 1, "channels": 4}


def write_student(folder, teacher):
    """A student with random weights of the model in the folder `teacher`, and its folder."""
    known = checkpoint.read_manifest(teacher)
    about = {"name": known.name, "model_hash": known.model_hash, "sha256": known.files["denoiser"].sha256}
    network = {**UNET, "dials": 1}
    data = checkpoint.read_files(teacher, known) | {
        "denoiser": serialise(randomised(UNet(**network), 40).state_dict()),
    }
    made = manifest(
        name=f"{known.name}-fast",
        denoiser={"kind": "unet", **network},
        autoencoder=known.autoencoder,
        defaults=DEFAULTS,
        card={"few_steps": FEW, "teacher": about},
    )
    checkpoint.save(folder, made, data, attribution="nothing")
    return folder


def write_rgba(folder):
    """The tiny model in latents of pictures with alpha."""
    data = files() | {"autoencoder": serialise(randomised(VAE(**RGBA), 7, 0.6).state_dict(), "float16")}
    described = {"kind": "vae", "scale": 0.8, "shift": 0.1, **RGBA}
    checkpoint.save(folder, manifest(name="clear", autoencoder=described), data, attribution="nothing")
    return folder


@pytest.fixture
def teacher(tmp_path, monkeypatch):
    """A model in a folder of its own, which one works in."""
    monkeypatch.chdir(tmp_path)
    return write_tiny(tmp_path / "models" / "tiny")


def test_the_student_is_found_by_its_name_and_draws(teacher, tmp_path):
    folder = write_student(tmp_path / "models" / "tiny-fast", teacher)
    assert find_student(teacher) == folder
    model = sfumato.load(teacher, fast=True)
    assert model.name == "tiny-fast"
    (picture,) = sfumato.generate("a red apple", model=teacher, fast=True, seed=3)
    assert picture.pixels_sha256 == sfumato.load(folder).generate("a red apple", seed=3)[0].pixels_sha256
    assert (picture.recipe.steps, picture.recipe.sampler) == (4, {"kind": "consistency"})
    assert picture.recipe.model_hash == checkpoint.read_manifest(folder).model_hash


@pytest.mark.parametrize("place", ["models/tiny-fast/model", "runs/tiny-fast", "runs/tiny-fast/model"])
def test_it_is_looked_for_where_distilling_writes(place, teacher, tmp_path):
    write_student(tmp_path / place, teacher)
    assert find_student(teacher).resolve() == (tmp_path / place).resolve()


def test_a_shipped_student_serves_a_copy_of_the_model_elsewhere(teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "MODELS", tmp_path / "shipped")
    folder = write_student(tmp_path / "shipped" / "tiny-fast", teacher)
    assert find_student(teacher) == folder


def test_another_teacher_s_student_is_passed_over_by_its_hash(teacher, tmp_path):
    other = write_tiny(tmp_path / "other", seed=10)
    write_student(tmp_path / "models" / "tiny-fast", other)
    with pytest.raises(CheckpointError, match=r"tiny-fast learnt from tiny [0-9a-f]{12}, this is [0-9a-f]{12}\): make"):
        find_student(teacher)
    own = write_student(tmp_path / "runs" / "tiny-fast", teacher)
    assert find_student(teacher).resolve() == own
    with pytest.raises(CheckpointError, match="distill this one, or draw with that one by --model"):
        sfumato.load(teacher, fast=tmp_path / "models" / "tiny-fast")


def test_a_named_student_may_lie_anywhere(teacher, tmp_path):
    folder = write_student(tmp_path / "elsewhere" / "mine", teacher)
    assert sfumato.load(teacher, fast=folder).name == "tiny-fast"
    with pytest.raises(CheckpointError, match="'tiny' is no model of few steps"):
        sfumato.load(teacher, fast=teacher)


def test_a_model_of_few_steps_is_its_own_student(teacher, tmp_path):
    folder = write_student(tmp_path / "mine", teacher)
    assert find_student(folder) == folder
    from_data = write_student(tmp_path / "from-data", teacher)
    table = json.loads((from_data / "sfumato.json").read_text())
    del table["card"]["teacher"]
    (from_data / "sfumato.json").write_text(json.dumps(table))
    assert sfumato.load(teacher, fast=from_data).name == "tiny-fast"


def test_a_weak_model_guides_no_student(teacher, tmp_path):
    write_student(tmp_path / "models" / "tiny-fast", teacher)
    with pytest.raises(RecipeError, match="leave out --fast or --weak"):
        sfumato.load(teacher, fast=True, weak=teacher)


def sfumato_generate(capsys, *words):
    code = main(["generate", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command(teacher, tmp_path, capsys):
    folder = write_student(tmp_path / "models" / "tiny-fast", teacher)
    code, out, err = sfumato_generate(capsys, "--fast", "a red apple", "--model", teacher)
    assert (code, err) == (0, "")
    record, pixels, _ = read(out.splitlines()[0])
    assert (record.recipe.model, record.recipe.steps, record.recipe.guidance) == ("tiny-fast", 4, EMBEDDED)
    code, _, err = sfumato_generate(capsys, "--like", out.splitlines()[0], "--model", folder, "--out", "again")
    assert (code, "the same pixels, every one" in err) == (0, True)
    assert (read("again/a-red-apple-0.png")[1] == pixels).all()


def test_what_it_was_not_made_for_is_said_once(teacher, tmp_path, capsys):
    write_student(tmp_path / "models" / "tiny-fast", teacher)
    flags = ["--steps", 6, "--guidance", 9, "--negative", "cats"]
    code, _, err = sfumato_generate(capsys, "--fast", "a red apple", "cats", "--model", teacher, *flags)
    assert code == 0
    assert err.splitlines() == [
        "sfumato: note: 'tiny-fast' is made for 1 to 4 steps; 6 are drawn, and need not be better",
        "sfumato: note: guidance 9 lies outside 1 to 8, the range that 'tiny-fast' learnt",
        "sfumato: note: the negative prompt has no say: 'tiny-fast' learnt its guidance without one",
    ]
    assert sfumato_generate(capsys, "--fast", "cats", "--model", teacher, "--steps", 1, "--guidance", 8)[2] == ""
    assert read("pictures/cats-0-2.png")[0].recipe.steps == 1


def test_without_a_student_one_line_says_what_to_do(teacher, capsys):
    code, out, err = sfumato_generate(capsys, "--fast", "a red apple", "--model", teacher)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert f"no student of 'tiny' to draw fast with: make one with `sfumato distill {teacher} --data CORPUS`" in err


def test_flags_that_do_not_fit(teacher, tmp_path, capsys):
    folder = write_student(tmp_path / "mine", teacher)
    assert "give --fast too" in sfumato_generate(capsys, "cats", "--student", folder, "--model", teacher)[2]
    assert sfumato_generate(capsys, "--fast", "cats", "--student", folder, "--model", teacher)[0] == 0
    assert "with --model FOLDER" in sfumato_generate(capsys, "--fast", "--like", "pictures/cats-0.png")[2]


def test_settings_from_the_environment(teacher, tmp_path, capsys, monkeypatch):
    folder = write_student(tmp_path / "mine", teacher)
    monkeypatch.setenv("SFUMATO_STUDENT", str(folder))
    assert sfumato_generate(capsys, "cats", "--model", teacher)[0] == 0
    assert read("pictures/cats-0.png")[0].recipe.model == "tiny"
    monkeypatch.setenv("SFUMATO_FAST", "yes")
    assert sfumato_generate(capsys, "cats", "--model", teacher)[0] == 0
    assert read("pictures/cats-0-2.png")[0].recipe.model == "tiny-fast"


def test_pictures_with_alpha(tmp_path):
    teacher = write_rgba(tmp_path / "clear")
    write_student(tmp_path / "clear-fast", teacher)
    model = sfumato.load(teacher, fast=True)
    (clear,) = model.generate("a red apple", steps=2, background="transparent")
    (white,) = model.generate("a red apple", steps=2)
    assert (np.asarray(clear.image).shape[-1], np.asarray(white.image).shape[-1]) == (4, 3)
    assert len(list(model.stream("a red apple", steps=3))) == 3
    *_, one = model.trace("a red apple", steps=2, guidance=1.0)
    *_, other = model.trace("a red apple", steps=2, guidance=6.0)
    assert not torch.equal(one.latent, other.latent)


def test_a_damaged_student_is_no_silent_pass(teacher, tmp_path):
    folder = write_student(tmp_path / "models" / "tiny-fast", teacher)
    shutil.copy(folder / "ATTRIBUTION", folder / "sfumato.json")
    with pytest.raises(CheckpointError, match="damaged"):
        find_student(teacher)

"""Bad input: one line that says what and what to do, exit code 2, no traceback, nothing half-written."""

import errno
import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from sfumato import atomic


def refused(result, *words):
    code, out, err = result
    assert code == 2, (out, err)
    assert out == ""
    errors = [line for line in err.splitlines() if not line.startswith("sfumato: note:")]
    assert len(errors) == 1, err
    assert errors[0].startswith("sfumato: error: ")
    assert "Traceback" not in err
    for word in words:
        assert word in errors[0]


def nothing_left():
    left = [p for p in Path().rglob("*") if p.is_file() and "copy" not in p.parts and p.suffix not in (".toml", ".txt")]
    assert left == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--steps 0", ["steps is 0"]),
        ("--steps 1001", ["steps is 1001", "1..1000"]),
        ("--steps many", ["--steps is 'many'", "whole number"]),
        ("--steps 2.5", ["--steps is '2.5'"]),
        ("--guidance nan", ["guidance", "nan", "finite"]),
        ("--guidance inf", ["guidance", "inf"]),
        ("--guidance strong", ["--guidance is 'strong'", "a number"]),
        ("--size 64", ["size 64x64 is not supported", "32x32, 48x32"]),
        ("--size big", ["--size is 'big'", "128x128"]),
        ("--size 0", ["size"]),
        ("--sampler dpmp-2m", ["unknown sampler 'dpmp-2m'", "dpmpp-2m"]),
        ("--sampler ddim:etta=1", ["unknown key 'etta'", "'eta'"]),
        ("--sampler ddim:eta=7", ["eta"]),
        ("--sampler ddim:eta=much", ["'eta' is 'much'"]),
        ("--grid trialing", ["unknown grid 'trialing'", "'trailing'"]),
        ("--seed -1", ["seed is -1", "2^64"]),
        ("--count 0", ["count is 0"]),
        ("--microbatch 0", ["microbatch is 0"]),
        ("--format gif", ["unknown format 'gif'"]),
        ("--device tpu", ["device 'tpu' is not here", "cpu"]),
        ("--model nowhere", ["there is no model 'nowhere'", "path"]),
        ("--model .", ["not a model folder"]),
        ("--colour red", ["unrecognized arguments: --colour", "--help"]),
        ("--steps", ["expected one argument"]),
        ("--attention x", ["--trace"]),
        ("--prompts missing.txt", ["cannot read the prompts", "missing.txt"]),
        ("--like missing.png", ["cannot read missing.png"]),
    ],
)
def test_flags(sfumato, flags, words):
    refused(sfumato("generate", "cats", *flags.split()), *words)
    nothing_left()


def test_no_prompt(sfumato):
    refused(sfumato("generate"), "no prompt", "--prompts")


def test_prompts_that_are_not_text(sfumato):
    Path("list.txt").write_bytes(b"caf\xe9\n")
    refused(sfumato("generate", "--prompts", "list.txt"), "not UTF-8")


def test_unknown_commands(sfumato):
    refused(sfumato("generat"), "unknown command 'generat'", "'generate'")
    refused(sfumato("--colour"), "--help")


@pytest.fixture
def model(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "copy" / "m")


def test_a_damaged_model(sfumato, model):
    path = model / "denoiser.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    refused(sfumato("generate", "cats", "--model", model), "is damaged", "get the model again")
    refused(sfumato("inspect", model), "is damaged")
    path.unlink()
    refused(sfumato("generate", "cats", "--model", model), "is missing")
    nothing_left()


def test_a_newer_model(sfumato, model):
    entries = json.loads((model / "sfumato.json").read_text())
    (model / "sfumato.json").write_text(json.dumps(entries | {"format": 99}))
    refused(sfumato("generate", "cats", "--model", model), "format 99", "upgrade")
    refused(sfumato("info", model), "format 99")
    nothing_left()


def test_a_pickle_by_another_name(sfumato, model):
    (model / "denoiser.safetensors").write_bytes(pickle.dumps({"x": list(range(100))}))
    refused(sfumato("generate", "cats", "--model", model), "is a pickle", "never opened")
    nothing_left()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_folder_that_takes_no_file_is_found_before_any_work(sfumato, monkeypatch, code):
    def failing(path, data):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic, "write_durably", failing)
    monkeypatch.setattr("sfumato.cli.drawing.load", lambda *a, **k: pytest.fail("the model was loaded"))
    refused(sfumato("generate", "cats"), os.strerror(code).lower(), "choose another folder")
    nothing_left()


@pytest.mark.parametrize("private", [[], ["--private"]])
def test_a_disk_that_fills_up_while_drawing(sfumato, monkeypatch, private):
    write, calls = atomic.write_durably, []

    def filling(path, data):
        calls.append(path)
        if len(calls) > 1 + len(private):
            path.write_bytes(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, data)

    monkeypatch.setattr(atomic, "write_durably", filling)
    refused(sfumato("generate", "cats", *private), "no space left", "make room")
    nothing_left()


def test_out_that_cannot_be_a_folder(sfumato):
    Path("file.txt").write_text("mine")
    refused(sfumato("generate", "cats", "--out", "file.txt"), "cannot write file.txt")
    refused(sfumato("generate", "cats", "--out", "file.txt/inside"), "cannot write")
    assert Path("file.txt").read_text() == "mine"


def test_a_recipe_with_an_unknown_key(sfumato):
    import PIL.Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("sfumato", '{"sede": 1}')
    PIL.Image.new("RGB", (4, 4)).save("copy.png", pnginfo=info)
    refused(sfumato("generate", "--like", "copy.png"), "unknown key 'sede'", "'seed'")
    refused(sfumato("inspect", "copy.png"), "unknown key 'sede'")


def test_a_fault_of_our_own_is_one_line_too(sfumato, monkeypatch):
    def broken(*_):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("sfumato.cli.drawing.load", broken)
    code, out, err = sfumato("generate", "cats")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "SFUMATO_DEBUG" in err
    monkeypatch.setenv("SFUMATO_DEBUG", "1")
    assert "Traceback" in sfumato("generate", "cats")[2]


def test_an_interrupt_anywhere_is_130(sfumato, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sfumato.cli.drawing.load", interrupted)
    code, _, err = sfumato("generate", "cats")
    assert code == 130
    assert "interrupted" in err

"""docs/drawing.md: its Python runs, and its commands are ones that the command line takes."""

import argparse
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

import sfumato

TEXT = (Path(__file__).parents[1] / "docs" / "drawing.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.S) for line in block.splitlines()]


@pytest.mark.parametrize("line", COMMANDS)
def test_the_command_line_takes_it(line):
    program, name, *words = shlex.split(line)
    assert program == "sfumato"
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    import_module(f"sfumato.cli.{name}").add_arguments(parser)
    parser.parse_intermixed_args(words)


def test_there_are_commands():
    assert len(COMMANDS) == 11


def test_the_python_runs(tiny_model, monkeypatch):
    monkeypatch.setattr(sfumato, "load", lambda name: tiny_model, raising=False)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.S):
        exec(block, names)
    assert names["rose"].recipe.init == names["flower"].pixels_sha256
    assert names["large"].image.size == (128, 128)
    assert [picture.recipe.between["share"] for picture in names["frames"]] == [0.0, 0.5, 1.0]

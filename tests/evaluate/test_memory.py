"""The memory of a picture is that of drawing it, whatever the evaluation holds besides."""

import os

import pytest
import torch

from sfumato.evaluate.drawing import cost, draw, note_memory
from sfumato.evaluate.memory import memory_of
from sfumato.evaluate.report import per_picture

HELD = 800 << 20


@pytest.fixture(scope="module")
def picture(tiny_model, tmp_path_factory):
    return draw(tiny_model, [tiny_model.recipe("a red apple")], tmp_path_factory.mktemp("drawn"))[0]


def test_it_is_not_the_memory_of_the_evaluation(picture, tiny_folder):
    """This process holds 800 MB for certain; one that draws with the tiny model needs torch and little more."""
    held = b"x" * HELD
    assert 50.0 < memory_of(picture, tiny_folder) < len(held) / 1e6


def test_nothing_is_said_where_nothing_is_known(picture, tiny_folder, tmp_path, monkeypatch):
    assert memory_of(picture, tmp_path / "absent") is None
    monkeypatch.delattr(os, "wait4")
    assert memory_of(picture, tiny_folder) is None


def test_an_accelerator_counts_for_itself(picture, tiny_folder, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 123_000_000)
    assert memory_of(picture, tiny_folder, device="cuda") == 123.0


def test_it_stands_in_the_account_of_the_folder(picture):
    """And stays there when more is drawn; a folder without an account gets none."""
    assert per_picture(picture.parent)["memory_mb"] is None
    note_memory(picture.parent, 250.0)
    assert per_picture(picture.parent)["memory_mb"] == cost(picture.parent)["memory_mb"] == 250.0
    note_memory(picture.parent / "nothing", 250.0)
    assert cost(picture.parent / "nothing") is None

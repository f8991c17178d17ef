"""Towers become shipped parts, and are found again from there."""

import shutil
from pathlib import Path

import pytest

from by_path import loaded
from sfumato import checkpoint
from sfumato.errors import CheckpointError
from sfumato.text import score


@pytest.fixture
def script(monkeypatch, tmp_path):
    module = loaded("scripts/ship_towers.py")
    whole = shutil.copytree(score.MODELS / "towers", tmp_path / "whole")
    for name, file in score.read_about(whole)["files"].items():
        shared = score.MODELS / "blobs" / f"{file['sha256']}{Path(name).suffix}"
        if not (whole / name).exists():
            shutil.copyfile(shared, whole / name)
    monkeypatch.setattr(checkpoint, "BLOBS", tmp_path / "models" / "blobs")
    monkeypatch.setattr(score, "MODELS", tmp_path / "models")
    return module


def test_what_is_shipped_is_found_by_name(script, tmp_path):
    digests = script.ship(tmp_path / "whole", tmp_path / "models" / "towers")
    assert sorted(path.stem for path in (tmp_path / "models" / "blobs").iterdir()) == sorted(digests)
    assert not (tmp_path / "models" / "towers" / "conditioner.safetensors").exists()
    assert score.load_score().texts(["a red apple"]).shape == (1, 256)
    (tmp_path / "models" / "blobs" / f"{digests[1]}.json").unlink()
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        score.load_score()


def test_damaged_towers_are_not_shipped(script, tmp_path):
    (tmp_path / "whole" / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match="damaged"):
        script.ship(tmp_path / "whole", tmp_path / "models" / "towers")
    assert not (tmp_path / "models").exists()

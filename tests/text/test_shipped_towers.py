"""The towers that are shipped: whole, verified, and able to tell what is what."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from sfumato.checkpoint import MODELS
from sfumato.corpus.decode import over_white
from sfumato.text.score import load_score
from sfumato.train.frozen_parts import text_parts

DATA = Path(__file__).parents[1] / "data" / "glyphs.parquet"


def test_they_find_pictures_by_their_captions():
    """Pictures of training: this shows that weights, tokenizer and code belong together, and measures nothing."""
    rows = pq.read_table(DATA).to_pylist()
    first = list({row["concept"]: row for row in rows}.values())[:40]
    score = load_score()
    prompts = [f"{row['caption']}, {row['style_phrase']}" for row in first]
    logits = score(prompts, np.stack([over_white(row["image"], 128) for row in first]))
    assert (logits.argmax(dim=0).numpy() == np.arange(len(first))).mean() > 0.8
    assert (logits.argmax(dim=1).numpy() == np.arange(len(first))).mean() > 0.8


def test_a_recipe_takes_the_text_side_by_its_hash():
    files = json.loads((MODELS / "towers" / "towers.json").read_text())["files"]
    digests = {role: files[name]["sha256"] for role, name in NAMES.items()}
    parts = text_parts({"kind": "tower", "max_tokens": 32, **digests})
    assert [len(data) for data in parts.values()] == [files[name]["bytes"] for name in NAMES.values()]


NAMES = {"encoder": "conditioner.safetensors", "tokenizer": "tokenizer.json"}


def test_they_are_small_and_attributed():
    assert (
        sum(file["bytes"] for file in json.loads((MODELS / "towers" / "towers.json").read_text())["files"].values())
        < 18e6
    )
    assert (MODELS / "towers" / "ATTRIBUTION").read_bytes() == (MODELS.parent / "ATTRIBUTION").read_bytes()

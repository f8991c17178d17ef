"""The averaged weights of trained towers as a folder: a text encoder for denoisers, and a score for pictures.

TOWERS/conditioner.safetensors  tokenizer.json  picture.safetensors  towers.json  ATTRIBUTION

The first two are a model folder's own parts; text/score.py reads all.
"""

import copy
import json
from pathlib import Path
from typing import Any

from sfumato.atomic import new_folder, write_durably
from sfumato.checkpoint import PACKAGE
from sfumato.text.score import FORMAT, NAME, VERSION
from sfumato.text.tower_blob import write_tower
from sfumato.train.contrasting import Contrasting
from sfumato.train.history import history, last_look
from sfumato.train.session import Session
from sfumato.weights import serialise, sha256

TEXT_SIDE = "text."


def export_towers(session: Session, task: Contrasting, target: Path, dtype: str) -> Path:
    """Write the folder whole or not at all, and answer where. Raises OutputError where it cannot be written."""
    weights = session.trainer.average.weights
    text = copy.deepcopy(task.net.text)
    text.load_state_dict({k.removeprefix(TEXT_SIDE): v for k, v in weights.items() if k.startswith(TEXT_SIDE)})
    rest = {k: v for k, v in weights.items() if not k.startswith((TEXT_SIDE, "to_teacher."))}
    origin = {
        "source": f"trained by Sfumato with the recipe {session.trainer.recipe.name}",
        "licence": "see ATTRIBUTION",
    }
    files = {
        "conditioner.safetensors": write_tower(text, origin=origin, dtype=dtype),  # type: ignore[arg-type]
        "tokenizer.json": task.tokenizer,
        "picture.safetensors": serialise(rest, dtype),
    }
    about = {
        "format": FORMAT,
        "version": VERSION,
        "options": {k: v for k, v in session.trainer.recipe.network.items() if k not in ("kind", "teacher")},
        "size": session.trainer.recipe.data.size,
        "files": {name: {"sha256": sha256(data), "bytes": len(data)} for name, data in files.items()},
        "card": card(session, task),
    }
    with new_folder(target, replace=True) as building:
        for name, data in files.items():
            write_durably(building / name, data)
        write_durably(building / "ATTRIBUTION", (PACKAGE / "ATTRIBUTION").read_bytes())
        write_durably(building / NAME, json.dumps(about, indent=1).encode() + b"\n")
    return target


def card(session: Session, task: Contrasting) -> dict[str, Any]:
    """What the towers were trained on and how."""
    held_out = last_look(session)
    return {
        **history(session, task.rows),
        "held_out": {k: held_out[k] for k in ("images", "loss", "error")} if held_out else None,
    }

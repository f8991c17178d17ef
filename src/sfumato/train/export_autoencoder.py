"""The averaged weights of an autoencoder's run as a folder that a recipe's space.autoencoder can name."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from sfumato.atomic import new_folder, write_durably
from sfumato.corpus.source import Source
from sfumato.nets.vae import VAE
from sfumato.parts import fill
from sfumato.train.autoencoding import Autoencoding
from sfumato.train.latents import BATCH, encode, standardising
from sfumato.train.session import Session
from sfumato.weights import parse, serialise

MEASURED = 512
"""Training pictures whose latents give the scale and shift."""


def export_autoencoder(session: Session, target: Path, dtype: str) -> Path:
    """Write autoencoder.safetensors and autoencoder.json (arguments, scale, shift, recipe), and answer where.

    A critic stays behind. The scale and shift are those of the weights as they are written.
    Raises OutputError where it cannot be written.
    """
    task, recipe = session.trainer.objective, session.trainer.recipe
    assert isinstance(task, Autoencoding)
    options = {k: v for k, v in recipe.network.items() if k != "kind"}
    weights = {name.removeprefix("vae."): value for name, value in session.trainer.average.weights.items()}
    data = serialise({k: v for k, v in weights.items() if not k.startswith("critic.")}, dtype)
    vae = fill(VAE, options, parse(data, "the autoencoder"), "autoencoder 'vae'")
    scale, shift = measured(vae.to(task.device), task.sources, task)  # type: ignore[arg-type]
    about = {
        "options": options,
        "scale": scale,
        "shift": shift,
        "images": session.trainer.progress.images,
        "recipe": asdict(recipe),
    }
    with new_folder(target, replace=True) as building:
        write_durably(building / "autoencoder.safetensors", data)
        write_durably(building / "autoencoder.json", json.dumps(about, indent=1).encode() + b"\n")
    return target


def measured(vae: VAE, sources: list[Source], task: Autoencoding) -> tuple[float, float]:
    """The latents' scale and shift over `MEASURED` training pictures, evenly spaced through each source."""
    total, arrays = sum(map(len, sources)), []
    for source in sources:
        count = max(1, round(MEASURED * len(source) / total))
        rows = np.unique(np.linspace(0, len(source) - 1, count).round().astype(np.int64))
        for start in range(0, len(rows), BATCH):
            pictures = source.pictures[rows[start : start + BATCH]]
            arrays.append(encode(vae, pictures, task.device, torch.float32)[None])
    return standardising(arrays)

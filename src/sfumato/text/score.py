"""Does the picture fit the prompt? The score of trained towers, and the pictures that fit a prompt best.

TOWERS/towers.json names the files, their sha256 and the towers' options; every byte is verified before it is parsed.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from sfumato.choices import refuse_unknown
from sfumato.errors import CheckpointError, SfumatoError
from sfumato.nets.towers import Towers
from sfumato.text.conditioner import TowerConditioner
from sfumato.text.tokenizer import load_tokenizer
from sfumato.text.tower_blob import load_tower
from sfumato.weights import parse, read_verified

NAME = "towers.json"
FORMAT = "sfumato-towers"
VERSION = 1
BATCH = 64
MODELS = Path(__file__).parents[1] / "models"


class Score:
    """Called with prompts and 8-bit pictures, answers the logit of each pair; build it with `load_score`."""

    def __init__(self, towers: Towers, reader: TowerConditioner, *, size: int) -> None:
        """size: the pictures' side in training, in pixels."""
        self.towers, self.reader, self.size = towers.eval(), reader, size

    def __call__(self, prompts: Sequence[str], pictures: UInt8[np.ndarray, "b H W 3"], /) -> Float[Tensor, "b k"]:
        """Higher fits better; sigmoid of it is the probability of a pair among as many as a training batch had."""
        return self.towers.logits(self.texts(prompts), self.pictures(pictures))

    @torch.no_grad()
    def texts(self, prompts: Sequence[str], /) -> Float[Tensor, "k j"]:
        """A unit vector for each prompt: its cosine with a picture's, or another prompt's, is how near they are."""
        parts = []
        for start in range(0, len(prompts), BATCH):
            cond = self.reader.encode_batch(prompts[start : start + BATCH])
            parts.append(self.towers.joint_text(cond.pooled))  # type: ignore[arg-type]
        return torch.cat(parts) if parts else torch.empty(0, self.towers.text_out.out_features)

    @torch.no_grad()
    def pictures(self, pictures: UInt8[np.ndarray, "b H W 3"], /) -> Float[Tensor, "b j"]:
        """A unit vector for each picture, scaled to the side it was trained at."""
        parts = []
        for start in range(0, len(pictures), BATCH):
            fitted = np.stack([self.fitted(picture) for picture in pictures[start : start + BATCH]])
            x = torch.from_numpy(fitted).permute(0, 3, 1, 2).float() / 127.5 - 1.0
            parts.append(self.towers.of_pictures(x.contiguous(memory_format=torch.channels_last)))
        return torch.cat(parts) if parts else torch.empty(0, self.towers.picture_out.out_features)

    def fitted(self, picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "s s 3"]:
        """The picture at the towers' own size (Lanczos)."""
        if picture.shape[:2] == (self.size, self.size):
            return picture
        return np.asarray(Image.fromarray(picture).resize((self.size, self.size), Image.Resampling.LANCZOS))


def load_score(source: str | os.PathLike[str] = "towers") -> Score:
    """The score of the towers in a folder, or of those that are shipped by their name, in float32 on the CPU.

    A part that is not in the folder is looked for among the shared ones, by its hash. Raises CheckpointError where
    anything is missing, damaged, foreign or of a newer version.
    """
    folder = Path(source) if (Path(source) / NAME).is_file() or source != "towers" else MODELS / "towers"
    about = read_about(folder)
    data = {
        name: read_verified(place(folder, name, str(file["sha256"])), digest=str(file["sha256"]), size=file["bytes"])
        for name, file in about["files"].items()
    }
    text = load_tower(data["conditioner.safetensors"])
    weights = {f"text.{name}": w for name, w in text.state_dict().items()}
    weights |= parse(data["picture.safetensors"], "the picture tower")
    try:
        with torch.device("meta"):
            towers = Towers(**about["options"])
        refuse_unknown(weights, towers.state_dict(), "the towers", CheckpointError)
        towers.load_state_dict(weights, strict=True, assign=True)
        reader = TowerConditioner(towers.text, load_tokenizer(data["tokenizer.json"]), max_tokens=positions(text))
    except (SfumatoError, TypeError, ValueError, RuntimeError, ArithmeticError) as error:
        raise CheckpointError(f"the towers in {folder} do not fit their description: {error}") from error
    return Score(towers.requires_grad_(False), reader, size=about["size"])


def place(folder: Path, name: str, digest: str) -> Path:
    """Where a part of the towers lies: in their folder, else among the shared parts."""
    shared = MODELS / "blobs" / f"{digest}{Path(name).suffix}"
    return shared if shared.is_file() and not (folder / name).is_file() else folder / name


def positions(text: torch.nn.Module) -> int:
    """The longest text that a tower takes, in tokens."""
    return text.positions.num_embeddings  # type: ignore[union-attr, return-value]


def read_about(folder: Path) -> Mapping[str, Any]:
    """towers.json, checked."""
    try:
        about = json.loads((folder / NAME).read_text("utf-8"))
        form, version = about["format"], about["version"]
        files = {"conditioner.safetensors", "tokenizer.json", "picture.safetensors"}
        sound = set(about["files"]) == files and isinstance(about["options"], dict) and type(about["size"]) is int
        sound = sound and all(type(file["bytes"]) is int and "sha256" in file for file in about["files"].values())
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{folder} holds no towers: {NAME} is missing or damaged; train some with --recipe towers"
        ) from error
    if form != FORMAT or version != VERSION or not sound or not 8 <= about["size"] <= 4096:
        raise CheckpointError(
            f"{folder / NAME} has format {form!r} version {version!r}, or is damaged; expected {FORMAT}"
        )
    return about

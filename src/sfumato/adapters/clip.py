"""CLIP's text encoder from a folder in the layout of Hugging Face's transformers into our TextTower.

FOLDER/config.json  model.safetensors  vocab.json  merges.txt: a CLIPTextModel, or a whole CLIPModel whose picture side
is left aside; newer folders have a tokenizer.json in the place of the last two. Nothing of it is executed, and neither
transformers nor a network is needed.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from sfumato.errors import AdapterError, CheckpointError
from sfumato.nets.tower import ACTIVATIONS, Activation, TextTower
from sfumato.text.bytepair import read_bytepair
from sfumato.text.tower_blob import write_tower
from sfumato.weights import parse

WHOLE = ("config.json", "model.safetensors")
PREFIX = "text_model."
WITHOUT_USE = re.compile(
    r"vision_model\..*|visual_projection\.weight|text_projection\.weight|logit_scale|(text_model\.)?embeddings\.position_ids"
)
OUTSIDE = {
    "embeddings.token_embedding.weight": "words.weight",
    "embeddings.position_embedding.weight": "positions.weight",
    "final_layer_norm.weight": "norm.weight",
    "final_layer_norm.bias": "norm.bias",
}
LAYER = {
    "layer_norm1": "norm_1",
    "self_attn.q_proj": "query",
    "self_attn.k_proj": "key",
    "self_attn.v_proj": "value",
    "self_attn.out_proj": "out",
    "layer_norm2": "norm_2",
    "mlp.fc1": "up",
    "mlp.fc2": "down",
}


def our_name(name: str) -> str:
    """Our name for one of CLIP's text weights; raises AdapterError for one that is none of them."""
    plain = name.removeprefix(PREFIX)
    if plain in OUTSIDE:
        return OUTSIDE[plain]
    match = re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", plain)
    if match is None or match[2] not in LAYER:
        raise AdapterError(f"{name!r} is not a weight of CLIP's text encoder; expected the layout of CLIPTextModel")
    return f"layers.{match[1]}.{LAYER[match[2]]}.{match[3]}"


def from_clip(
    state: Mapping[str, Float[Tensor, "..."]], *, heads: int, activation: Activation = "quick_gelu", eps: float = 1e-5
) -> TextTower:
    """A TextTower with CLIP's weights; every one is used once, the picture side and the projections aside.

    Accuracy: states within 1e-5 of transformers' CLIPTextModel (tests/adapters/test_clip.py).
    """
    if activation not in ACTIVATIONS:
        raise AdapterError(f"the text encoder's hidden_act is {activation!r}; known: {', '.join(sorted(ACTIVATIONS))}")
    ours = {our_name(k): v.float() for k, v in state.items() if not WITHOUT_USE.fullmatch(k)}
    needed = {"words.weight", "positions.weight", "layers.0.up.weight"}
    if not needed <= set(ours):
        raise AdapterError(f"{sorted(needed - set(ours))} missing: these are not the weights of CLIP's text encoder")
    vocabulary, width = ours["words.weight"].shape
    tower = TextTower(
        vocabulary=vocabulary, width=width, depth=sum(k.endswith(".up.weight") for k in ours), heads=heads,
        hidden=len(ours["layers.0.up.weight"]), positions=len(ours["positions.weight"]), attend="causal",
        activation=activation, eps=eps,
    )  # fmt: skip
    try:
        tower.load_state_dict(ours, strict=True)
    except RuntimeError as error:
        raise AdapterError(f"the weights do not fit a CLIP text encoder: {error}") from error
    return tower.requires_grad_(False).eval()


def is_clip(folder: Path) -> bool:
    """Whether a folder has the files of a CLIP text encoder in transformers' layout."""
    has = {name for name in (*WHOLE, "vocab.json", "merges.txt", "tokenizer.json") if (folder / name).is_file()}
    return {*WHOLE} <= has and ({"vocab.json", "merges.txt"} <= has or "tokenizer.json" in has)


def read_clip(folder: Path) -> tuple[bytes, bytes]:
    """A folder's text encoder and tokenizer as our own files: a text tower in float32, and a tokenizer.json.

    Raises AdapterError or CheckpointError where it is not whole, or not of this family.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        data = (folder / "model.safetensors").read_bytes()
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{folder} needs a readable config.json and model.safetensors: {error}; get it again"
        ) from error
    options = described(config, folder)
    tower = from_clip(parse(data, str(folder / "model.safetensors")), **options)
    origin = {"source": "a CLIP text encoder in transformers' layout"}
    return write_tower(tower, origin=origin, dtype="float32"), read_bytepair(folder)


def described(config: Any, folder: Path) -> dict[str, Any]:
    """What config.json says that the weights do not: heads, activation, eps. What it leaves out is CLIP's default."""
    if not isinstance(config, dict):
        raise AdapterError(f"{folder / 'config.json'} is no table; expected a CLIPTextConfig or a CLIPConfig")
    text = config.get("text_config", config)
    kind = text.get("model_type", "clip_text_model") if isinstance(text, dict) else None
    if kind not in ("clip_text_model", "clip"):
        raise AdapterError(f"{folder} holds a {kind!r}; expected CLIP's text encoder, 'clip_text_model'")
    heads, eps = text.get("num_attention_heads", 8), text.get("layer_norm_eps", 1e-5)
    if type(heads) is not int or heads < 1 or not isinstance(eps, float) or not 0 < eps < 1:
        raise AdapterError(f"{folder}: num_attention_heads {heads!r} and layer_norm_eps {eps!r} describe no encoder")
    return {"heads": heads, "activation": str(text.get("hidden_act", "quick_gelu")), "eps": eps}

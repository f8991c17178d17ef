"""BERT's names for weights into ours: any checkpoint laid out like Hugging Face's BertModel fills our TextEncoder."""

import re
from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from sfumato.errors import AdapterError
from sfumato.nets.text import TextEncoder

WITHOUT_USE = re.compile(r"pooler\.dense\.(weight|bias)|embeddings\.(position_ids|token_type_ids)")
EMBEDDINGS = {
    "embeddings.word_embeddings.weight": "words.weight",
    "embeddings.position_embeddings.weight": "positions.weight",
    "embeddings.LayerNorm.weight": "norm.weight",
    "embeddings.LayerNorm.bias": "norm.bias",
}
LAYER = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "out",
    "attention.output.LayerNorm": "norm_1",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm_2",
}
SEGMENTS = "embeddings.token_type_embeddings.weight"


def our_name(name: str) -> str:
    """Our name for one of BERT's weights; raises AdapterError for one that is none of BERT's."""
    if name in EMBEDDINGS:
        return EMBEDDINGS[name]
    match = re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)\.(weight|bias)", name)
    if match is None or match[2] not in LAYER:
        raise AdapterError(f"{name!r} is not a weight of a BERT encoder; expected the layout of BertModel")
    return f"layers.{match[1]}.{LAYER[match[2]]}.{match[3]}"


def from_bert(
    state: Mapping[str, Float[Tensor, "..."]], *, heads: int, positions: int | None = None, eps: float = 1e-12
) -> TextEncoder:
    """A TextEncoder with BERT's weights; every one is used once, the pooler and index tables aside.

    The vector of segment 0 goes into the position table, cut to its first `positions` rows where that is given.
    """
    if SEGMENTS not in state:
        raise AdapterError(f"{SEGMENTS!r} is missing; expected the layout of BertModel")
    ours = {our_name(k): v.float() for k, v in state.items() if k != SEGMENTS and not WITHOUT_USE.fullmatch(k)}
    needed = {"words.weight", "positions.weight", "layers.0.up.weight"}
    if not needed <= set(ours):
        raise AdapterError(f"{sorted(needed - set(ours))} missing: these are not the weights of a whole BERT encoder")
    ours["positions.weight"] = (ours["positions.weight"] + state[SEGMENTS][0].float())[:positions].contiguous()
    vocabulary, width = ours["words.weight"].shape
    encoder = TextEncoder(
        vocabulary=vocabulary, width=width, depth=sum(k.endswith(".up.weight") for k in ours), heads=heads,
        hidden=len(ours["layers.0.up.weight"]), positions=len(ours["positions.weight"]), eps=eps,
    )  # fmt: skip
    try:
        encoder.load_state_dict(ours, strict=True)
    except RuntimeError as error:
        raise AdapterError(f"the weights do not fit a BERT encoder: {error}") from error
    return encoder.requires_grad_(False).eval()

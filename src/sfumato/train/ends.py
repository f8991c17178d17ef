"""A denoiser's weights for other latents or another text encoder: only the layers that meet the new thing begin anew.

What stands behind those is the larger part of what a network has learnt (how a picture is composed, what things look
like), and it survives a change of the autoencoder: Chen et al. 2024 (PixArt-Sigma, section 2.3) found the same.
"""

from collections.abc import Mapping

from torch import Tensor

from sfumato.errors import CheckpointError

ENDS = {"unet": ("conv_in", "conv_out"), "dit": ("embed_patch", "out")}
"""The layers whose shapes hang on the latents, from the root of the network."""
READERS = ("cross_attn.to_k", "cross_attn.to_v", "pooled.linear1", "text.linear1")
"""The layers whose shapes hang on the text encoder's widths, wherever they stand."""


def with_new_ends(old: Mapping[str, Tensor], born: Mapping[str, Tensor], kind: str) -> dict[str, Tensor]:
    """`old`, with each end, and each reader of text, that has another shape in `born` taken from there.

    What else differs is left to be refused. Raises CheckpointError where nothing of `old` but ends would be left.
    """
    out = dict(old)
    for layer in sorted({name.rpartition(".")[0] for name in born}):
        names = [name for name in born if name.rpartition(".")[0] == layer and name in old]
        meets = layer in ENDS.get(kind, ()) or layer.endswith(READERS)
        if meets and any(old[name].shape != born[name].shape for name in names):
            out |= {name: born[name].clone() for name in names}
    if old and not any(out[name] is old[name] for name in old):
        raise CheckpointError("no layer of the given denoiser fits the recipe's network; give them the same widths")
    return out

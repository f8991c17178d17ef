"""A denoiser's weights for other latents: all but its first and its last layer are kept.

What stands between those two is the larger part of what a network has learnt (what a prompt means, how a picture is
composed), and it survives a change of the autoencoder: Chen et al. 2024 (PixArt-Sigma, section 2.3) found the same.
"""

from collections.abc import Mapping

from torch import Tensor

from sfumato.errors import CheckpointError

ENDS = {"unet": ("conv_in", "conv_out"), "dit": ("embed_patch", "out")}
"""The layers whose shapes hang on the latents."""


def with_new_ends(old: Mapping[str, Tensor], born: Mapping[str, Tensor], kind: str) -> dict[str, Tensor]:
    """`old`, each end that has another shape in `born` taken from there; what else differs is left to be refused.

    Raises CheckpointError where nothing of `old` but ends would be left.
    """
    out = dict(old)
    for end in ENDS.get(kind, ()):
        names = [name for name in born if name.startswith(f"{end}.") and name in old]
        if any(old[name].shape != born[name].shape for name in names):
            out |= {name: born[name].clone() for name in names}
    if old and not any(out[name] is old[name] for name in old):
        raise CheckpointError("no layer of the given denoiser fits the recipe's network; give them the same widths")
    return out

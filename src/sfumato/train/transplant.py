"""One autoencoder's weights as the beginning of another: with alpha beside the colours, more latents, another factor.

Layers are matched from the picture inwards, the encoder's from its first and the decoder's from its last, and where
shapes agree the weights are taken. Two convolutions are widened so that the new network says what the old one said:

- the picture's. w = p - s + 1 is what an opaque autoencoder saw of premultiplied colours p and alpha s (alpha.py, over
  white, in [-1, 1]); the convolution of w is one of (p, s) plus a constant. The decoder answers p = w - 1 and s = 0,
  which over white is w again.
- the latent's. Further channels begin as the new network has them, with a variance of e^-3, and unread by the decoder.

Everything else keeps the weights that the new network was born with.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from sfumato.errors import CheckpointError
from sfumato.nets.vae import VAE

FIRST_LOG_VAR = -3.0
"""The log variance that a further latent channel begins with."""


@torch.no_grad()
def transplanted(old: VAE, new: VAE) -> dict[str, Tensor]:
    """Weights for `new`, as many as possible of them from `old`. Raises CheckpointError where they share no layer."""
    out = {name: value.clone() for name, value in new.state_dict().items()}
    given = partners(old, new)
    taken = 0
    for module, there in given.items():
        weight, bias = (old.state_dict()[f"{there}.{kind}"] for kind in ("weight", "bias"))
        fitted = fit(module, weight, bias, out[f"{module}.weight"], out[f"{module}.bias"], (old, new))
        if fitted is not None:
            out[f"{module}.weight"], out[f"{module}.bias"] = fitted
            taken += 1
    if not taken:
        raise CheckpointError("no layer of the given autoencoder fits the recipe's network; give them the same widths")
    return out


def partners(old: VAE, new: VAE) -> Mapping[str, str]:
    """Convolutions of `new` -> those of `old` at the same distance from the picture, and the two next to the latent."""

    def named(vae: VAE) -> tuple[list[str], list[str]]:
        names = [name.removesuffix(".weight") for name in vae.state_dict() if name.endswith(".weight")]
        return [n for n in names if n.startswith("encoder.")], [n for n in names if n.startswith("decoder.")][::-1]

    pairs = {}
    for ours, theirs in zip(named(new), named(old), strict=True):
        pairs |= dict(zip(ours[:-1], theirs[:-1], strict=False))
        pairs[ours[-1]] = theirs[-1]
    return pairs


def fit(
    module: str, weight: Tensor, bias: Tensor, born: Tensor, born_bias: Tensor, vaes: tuple[VAE, VAE]
) -> tuple[Tensor, Tensor] | None:
    """A convolution's weight and bias for the new network; None where the old one's do not fit it."""
    if weight.shape == born.shape:
        return weight.clone(), bias.clone()
    old, new = vaes
    if module in ("encoder.layers.1", f"decoder.layers.{len(new.decoder.layers) - 2}"):
        widened = seeing_alpha if module.startswith("encoder.") else answering_alpha
        fitted = widened(weight, bias) if (old.channels, new.channels) == (3, 4) else (weight, bias)
        return fitted if fitted[0].shape == born.shape else None
    if new.z_channels <= old.z_channels:
        return None
    if module.startswith("encoder.") and weight.shape[1:] == born.shape[1:] and len(weight) == 2 * old.z_channels:
        return more_latents(weight, bias, born, born_bias)
    if module.startswith("decoder.") and weight.shape[0] == born.shape[0] and weight.shape[1] == old.z_channels:
        wider = torch.zeros_like(born)
        wider[:, : old.z_channels] = weight
        return wider, bias.clone()
    return None


def seeing_alpha(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The picture's convolution over (p, s) instead of w = p - s + 1."""
    colours = weight.unflatten(1, (3, -1))
    alpha = -colours.sum(dim=1, keepdim=True)
    return torch.cat([colours, alpha], dim=1).flatten(1, 2), bias + weight.sum(dim=(1, 2, 3))


def answering_alpha(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The convolution that answers p = w - 1 and s = 0."""
    quiet = torch.zeros_like(weight[: len(weight) // 3])
    return torch.cat([weight, quiet]), torch.cat([bias - 1.0, torch.zeros_like(bias[: len(bias) // 3])])


def more_latents(weight: Tensor, bias: Tensor, born: Tensor, born_bias: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log variance of the old latents, then of the further ones, each in its half."""
    wider, wider_bias = born.clone(), born_bias.clone()
    few, many = len(weight) // 2, len(born) // 2
    for k in (0, 1):
        wider[k * many : k * many + few] = weight[k * few : (k + 1) * few]
        wider_bias[k * many : k * many + few] = bias[k * few : (k + 1) * few]
    wider[many + few :] = 0.0
    wider_bias[many + few :] = FIRST_LOG_VAR
    return wider, wider_bias

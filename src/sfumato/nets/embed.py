"""A number becomes a vector: the sinusoidal embedding and the two-layer perceptron after it.

For a number s and features k = 0 .. d/2 - 1 the angles are s f_k with f_k = max_period^(-k / (d/2 - shift)), and the
embedding is their cosines and sines (Vaswani et al. 2017, section 3.5; Ho et al. 2020, appendix B, for diffusion).
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from sfumato.errors import RecipeError, ShapeError


class Sinusoidal(nn.Module):
    """Numbers [n] to vectors [n, dim] of cosines and sines; no weights.

    The frequencies are made once, in float64, on the CPU, and are deliberately no buffer: casting the network to half
    precision must not touch them, and a network built on the meta device must not lose them. Angles are float64 too
    (float32 where the device has nothing better), since a float32 angle near 1000 is good to 6e-5 only. The answer is
    float32.

    flip_sin_to_cos: cosines first, as in latent diffusion; otherwise sines first, as in DDPM. downscale_freq_shift:
    subtracted from d/2 in the exponent: 1 makes the lowest frequency exactly 1 / max_period (DDPM), 0 is the form of
    ADM and latent diffusion.
    """

    def __init__(
        self,
        dim: int,
        *,
        flip_sin_to_cos: bool = True,
        downscale_freq_shift: float = 0.0,
        max_period: float = 10_000.0,
    ) -> None:
        super().__init__()
        if dim < 2 or dim % 2:
            raise RecipeError(f"a sinusoidal embedding has {dim} features; it must be even: half cosines, half sines")
        if not downscale_freq_shift < dim // 2:
            raise RecipeError(f"downscale_freq_shift is {downscale_freq_shift}; it must be below dim / 2 = {dim // 2}")
        self.dim = dim
        self.flip_sin_to_cos = flip_sin_to_cos
        k = torch.arange(dim // 2, dtype=torch.float64, device="cpu")
        self.frequencies = torch.exp(-math.log(max_period) * k / (dim // 2 - downscale_freq_shift))

    def forward(self, numbers: Float[Tensor, " n"]) -> Float[Tensor, "n d"]:
        """cos and sin of each number at each frequency."""
        precision = torch.float32 if numbers.device.type == "mps" else torch.float64
        frequencies = self.frequencies.to(numbers.device, precision)
        angles = numbers.to(precision)[:, None] * frequencies
        first, second = (angles.cos(), angles.sin()) if self.flip_sin_to_cos else (angles.sin(), angles.cos())
        return torch.cat([first, second], dim=1).float()


class MLP(nn.Module):
    """linear2(silu(linear1 x)): [n, in_dim] -> [n, out_dim]."""

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(in_dim, out_dim)
        self.linear2 = nn.Linear(out_dim, out_dim)

    def forward(self, x: Float[Tensor, "n i"]) -> Float[Tensor, "n o"]:
        """Computed in the precision of the weights."""
        return self.linear2(F.silu(self.linear1(x.to(self.linear1.weight.dtype))))


class Dials(nn.Module):
    """Further numbers [n, k] that a network is told, such as a guidance scale; all at 0 is the plain network.

    The last layer starts at zero: at the start no dial does anything, so a network can take over the weights of one
    without dials. k below `count` leaves the other dials at 0. No sinusoids: the answer is smooth in the numbers.

    Raises:
        ShapeError: more numbers than dials.
    """

    def __init__(self, count: int, out_dim: int) -> None:
        super().__init__()
        self.count = count
        self.mlp = MLP(count, out_dim)
        nn.init.zeros_(self.mlp.linear2.weight)
        nn.init.zeros_(self.mlp.linear2.bias)

    def forward(self, numbers: Float[Tensor, "n k"]) -> Float[Tensor, "n o"]:
        """What is added to the noise level's embedding."""
        given = numbers.shape[1]
        if given > self.count:
            raise ShapeError(f"{given} numbers for {self.count} dials; tell no more than the network was trained with")
        return self.mlp(F.pad(numbers, (0, self.count - given)))


def dialled(dials: Dials | None, numbers: Float[Tensor, "m k"] | None, told: Float[Tensor, "n e"]) -> Tensor:
    """`told` with what the dials say added. Raises ShapeError where there are numbers and no dials."""
    if dials is None:
        if numbers is not None:
            raise ShapeError(
                "this network has no dial for the guidance scale: it was not trained for few steps; "
                "use guidance of kind 'classifier-free'"
            )
        return told
    return told + dials(told.new_zeros(1, 0) if numbers is None else numbers.to(told.device))


def as_vector(c_noise: float | int | Tensor, like: Tensor) -> Float[Tensor, " n"]:
    """The number(s) a network is told, as a vector on the device of `like`: [1] for one number, else one per sample.

    One number stays one row, so that its embedding is computed once and is the same in any batch.

    Raises:
        ShapeError: a number of values that is neither 1 nor the batch's.
    """
    if isinstance(c_noise, Tensor):
        vector = c_noise.reshape(-1).to(like.device)
        if len(vector) not in (1, len(like)):
            raise ShapeError(
                f"c_noise has {len(vector)} values for {len(like)} samples; expected one number, or one for each sample"
            )
        return vector if vector.is_floating_point() else vector.double()
    precision = torch.float32 if like.device.type == "mps" else torch.float64
    return torch.tensor([float(c_noise)], dtype=precision, device=like.device)


def pooled_text(
    pooled: Float[Tensor, "b p"] | None,
    tokens: Float[Tensor, "b l d"] | None,
    mask: Bool[Tensor, "b l"] | None,
    *,
    batch: int,
    dim: int,
) -> Float[Tensor, "b p"]:
    """One vector of text a sample: `pooled` where the text encoder gives one, else the mean of the real tokens.

    Raises ShapeError where neither is there in `dim` numbers for each of `batch` samples.
    """
    if pooled is None and tokens is not None and tokens.shape[-1] == dim:
        pooled = masked_mean(tokens, mask)
    if pooled is None or pooled.shape != (batch, dim):
        got = None if pooled is None else list(pooled.shape)
        raise ShapeError(
            f"pooled text is {got}; this network needs [{batch}, {dim}]: use the text encoder it was trained with"
        )
    return pooled


def unit(text: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
    """Mean 0 and variance 1 over the features, in float32 (a layer norm without weights); zeros stay zeros."""
    return F.layer_norm(text.float(), text.shape[-1:])


def plain(text: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
    """As it is."""
    return text


TEXT_NORMS: dict[str, Callable[[Tensor], Tensor]] = {"none": plain, "layer": unit}
"""What is done to token states, and to the pooled text, before a network uses them."""


def masked_mean(tokens: Float[Tensor, "b l d"], mask: Bool[Tensor, "b l"] | None) -> Float[Tensor, "b d"]:
    """The mean over the real tokens; zero where there are none."""
    if mask is None:
        return tokens.mean(dim=1)
    real = mask[:, :, None].to(tokens.dtype)
    return (tokens * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)

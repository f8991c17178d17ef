"""Pictures moved, and the network told how: augmentation that does not leak into what is drawn.

Karras et al. 2022, "Elucidating the design space of diffusion-based generative models", appendix F.2 (after Karras et
al. 2020, ADA). Each of five moves happens with one probability, independently of the others, to a picture with
coordinates in [-1, 1], x to the right and y down, in this order:

    mirror      x -> -x                                                            told as 1
    scale       by s = 2^(0.2 z)                                                   log2 s
    turn        by an angle a uniform in [-pi, pi)                                 cos a - 1, sin a
    stretch     by r = 2^(0.2 z) along the direction f uniform in [-pi, pi) and    log2 r cos f, log2 r sin f
                by 1 / r across it
    shift       by 0.125 z of the side each way                                    both shares

with z ~ N(0, 1). A move that does not happen is told as 0; so is everything when drawing, and the network gives the
plain pictures alone, which no probability of a move below 1 could teach it without being told. Not taken over: the
upside-down mirror, which a turn and a mirror make, and the paper's wavelet filters: values between pixels are bicubic.
"""

import math
from statistics import NormalDist

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional as F

from sfumato.errors import RecipeError
from sfumato.train.recipe import TrainRecipe

FIRST, TOLD = 2, 8
"""The dial of the first number told (those before it are of networks for few steps), and how many are told."""
DIALS = FIRST + TOLD

MOVES, CHANCES = 5, 11
"""Moves, and uniform numbers for a picture: one for each move, then the six values of the moves that have some."""

SPREAD, REACH = 0.2, 0.125
"""Of the scale and the stretch, in powers of 2; of the shift, as a share of the side."""


def refuse_augment(recipe: TrainRecipe) -> None:
    """Raise RecipeError where a recipe asks for augmentation that cannot be, or for a share that is none."""
    augment, dials = recipe.data.augment, recipe.network.get("dials", 0)
    if recipe.objective != "denoiser" or recipe.space.kind != "pixels":
        raise RecipeError(
            f"data.augment is {augment}, for objective {recipe.objective!r} in {recipe.space.kind!r}; it moves the "
            "pixels that a denoiser learns from, and latents are made once: set it to 0, or space.kind to 'pixels'"
        )
    if dials < DIALS:
        raise RecipeError(
            f"data.augment is {augment} and network.dials {dials}; a network is told of augmentation by {TOLD} numbers "
            f"after the {FIRST} of few-step models: set network.dials to {DIALS}"
        )


def augmented(
    x_0: Float[Tensor, "b c h w"], u: Float64[np.ndarray, "b k"], share: float
) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b d"]]:
    """The pictures moved, and what a network with `DIALS` dials is told of each.

    u: CHANCES uniform numbers in (0, 1) for each picture. share: the probability of each move. A picture that is not
    moved comes back bit for bit; beyond a picture's border its outermost pixels go on.
    """
    forward, shift, told = moves(u, share)
    out, moved = x_0.clone(), np.flatnonzero(np.any(told != 0.0, axis=1))
    if len(moved):
        back = np.linalg.inv(forward[moved])
        affine = np.concatenate([back, -back @ shift[moved, :, None]], axis=2)
        theta = torch.from_numpy(affine).to(x_0)
        grid = F.affine_grid(theta, [len(moved), *x_0.shape[1:]], align_corners=False)
        values = F.grid_sample(x_0[moved], grid, "bicubic", padding_mode="border", align_corners=False)
        out[moved] = values.clamp(-1.0, 1.0)
    dials = np.concatenate([np.zeros((len(u), FIRST)), told], axis=1)
    return out, torch.from_numpy(dials).to(x_0)


def moves(
    u: Float64[np.ndarray, "b k"], share: float
) -> tuple[Float64[np.ndarray, "b 2 2"], Float64[np.ndarray, "b 2"], Float64[np.ndarray, "b t"]]:
    """Each picture's matrix and shift, a point p going to matrix p + shift, and the numbers that tell of them."""
    mirror, scale, turn, stretch, shift = (u[:, :MOVES] < share).T
    z = np.array([[NormalDist().inv_cdf(value) for value in row] for row in u[:, [5, 7, 9, 10]]]).reshape(-1, 4)
    size, long = scale * SPREAD * z[:, 0], stretch * SPREAD * z[:, 1]
    angle, way = turn * (2 * u[:, 6] - 1) * math.pi, (2 * u[:, 8] - 1) * math.pi
    by = shift[:, None] * REACH * z[:, 2:]
    matrix = turned(angle) * 2.0 ** size[:, None, None]
    matrix[:, :, 0] *= np.where(mirror, -1.0, 1.0)[:, None]
    along = np.stack([2.0**long, 2.0**-long], axis=1)
    stretched = turned(way) * along[:, None, :] @ turned(-way)
    told = [mirror, size, np.cos(angle) - 1, np.sin(angle), long * np.cos(way), long * np.sin(way), *by.T]
    return stretched @ matrix, 2.0 * by, np.stack(told, axis=1).astype(np.float64)


def turned(angle: Float64[np.ndarray, " b"]) -> Float64[np.ndarray, "b 2 2"]:
    """The matrices that turn the plane by each angle, from x towards y."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -sin], axis=1), np.stack([sin, cos], axis=1)], axis=1)

"""What guidance did in one step: the plane of the two beliefs, and how many bits the prompt steered by."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from sfumato.arrays import as_numpy
from sfumato.process.forward import snr
from sfumato.samplers.base import Step


@dataclass(frozen=True, eq=False)
class Geometry:
    """Two beliefs and what guidance made of them, as velocities v, in the plane through 0 that the two lie in.

    Points are (along null, across it), lengths are divided by sqrt(d), so that 1 is a typical noise. off: how far the
    guided belief lies outside of the plane (a rescaled one does). cosine: of the angle between the two.
    bits: `steered` summed, None where the step ends in the picture itself.
    """

    null: tuple[float, float]
    cond: tuple[float, float]
    guided: tuple[float, float]
    off: float
    cosine: float
    bits: float | None


def geometry(step: Step) -> Geometry | None:
    """The plane by Gram and Schmidt, in float64; None where the step asked only one side."""
    terms = step.prediction.terms
    if not {"cond", "null"} <= set(terms):
        return None
    beliefs = (terms["null"], terms["cond"], step.prediction)
    u, c, g = (as_numpy(belief.v_hat).astype(np.float64).ravel() for belief in beliefs)
    root, length = math.sqrt(len(u)), float(np.linalg.norm(u))
    along = u / length if length > 0.0 else u
    rest = c - (c @ along) * along
    width = float(np.linalg.norm(rest))
    across = rest / width if width > 0.0 else rest
    points = [(float(x @ along) / root, float(x @ across) / root) for x in (u, c, g)]
    off = g - (g @ along) * along - (g @ across) * across
    lengths = length * float(np.linalg.norm(c))
    bits = steered(step)
    return Geometry(
        null=points[0],
        cond=points[1],
        guided=points[2],
        off=float(np.linalg.norm(off)) / root,
        cosine=float(u @ c) / lengths if lengths > 0.0 else 0.0,
        bits=None if bits is None else float(bits.sum()),
    )


def steered(step: Step) -> Float64[np.ndarray, "h w"] | None:
    """The prompt's bits, place by place: KL(q(x_s | x_t, x0_cond) || q(x_s | x_t, x0_null)) / log 2, over channels.

        (SNR(s) - SNR(t)) / 2 |x0_cond - x0_null|^2 / log 2

    Both are Gaussians of one variance (Ho et al. 2020, eq. 7), so that their divergence is the distance of their means,
    as Kingma et al. (2021), eq. 13, have it for the picture and the belief. None where s is clean: then it is infinite.
    Of plain guidance (w = 1): what w makes of the difference is not counted.

    Accuracy: float64 of float32 beliefs; the Gaussians' own divergence to 1e-6 (tests/inspect/test_geometry.py).
    """
    terms = step.prediction.terms
    if not {"cond", "null"} <= set(terms) or step.there.sigma == 0.0:
        return None
    gap = as_numpy(terms["cond"].x0_hat).astype(np.float64) - as_numpy(terms["null"].x0_hat)
    gain = float(snr(step.there)) - float(snr(step.here))
    return (0.5 * gain / math.log(2.0) * gap[0] ** 2).sum(axis=0)

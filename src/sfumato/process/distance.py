"""How far two states lie apart, one number a sample: what a consistency loss is made of."""

from jaxtyping import Float

from sfumato.process.schedule import Level
from sfumato.types import Array, Scalar, State

HUBER = 0.00054
"""c / sqrt(d) of iCT, for data of standard deviation 0.5 (Song and Dhariwal 2024, section 3.3)."""


def squared(difference: State) -> Float[Array, " b"]:
    """The mean square over a sample's elements."""
    flat = difference.reshape(len(difference), -1)
    return (flat * flat).mean(-1)


def pseudo_huber(difference: State, factor: float = HUBER) -> Float[Array, " b"]:
    """sqrt(|x|^2 + c^2) - c with c = factor sqrt(d): the square near 0, the norm far away (Charbonnier et al. 1997)."""
    flat = difference.reshape(len(difference), -1)
    c = factor * flat.shape[1] ** 0.5
    return ((flat * flat).sum(-1) + c * c) ** 0.5 - c


def apart(here: Level, there: Level) -> Scalar:
    """|(alpha, sigma) - (alpha', sigma')|: sigma - sigma' where alpha = 1, sqrt(2) (t - t') on the rectified schedule.

    iCT weighs each pair of levels by one over this distance, in its own case (Song and Dhariwal 2024, section 3.2).
    """
    return ((here.alpha - there.alpha) ** 2 + (here.sigma - there.sigma) ** 2) ** 0.5

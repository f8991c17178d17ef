"""Consistency functions: from any point of a trajectory of the probability flow to its end (Song et al. 2023).

A belief says where a state goes if it goes straight on; a network trained for consistency says so in a single step of
any length. Its own skip and output scalings follow from how its output is read (tests/proofs/test_consistency.py):

- flow on the rectified schedule: f = x_t - (t - t_e) u;
- v on a variance-preserving schedule, with sigma = sin phi: f = cos(phi - phi_e) x_t - sin(phi - phi_e) v;
- EDM's F where alpha = 1: f = c_skip x_t + c_out F with the paper's c_out = d (sigma - sigma_e) / sqrt(sigma^2 + d^2),
  d = sigma_data, and c_skip = (d^2 + sigma sigma_e) / (sigma^2 + d^2). The paper has d^2 / ((sigma - sigma_e)^2 + d^2),
  which is the same at both ends and differs by the order of sigma_e in between.
"""

from collections.abc import Sequence

from sfumato.errors import LevelError, ScheduleError
from sfumato.process.parameterisation import X0, Eps, Flow
from sfumato.process.prediction import Parameterisation, Prediction
from sfumato.process.schedule import CLEAN, Level
from sfumato.types import State


def consistent(belief: Prediction, end: Level = CLEAN) -> State:
    """f(x_t, t) = x_t + (alpha_e - alpha) x0_hat + (sigma_e - sigma) eps_hat, the belief carried to `end`.

    The same as `toward(end)`, written so that the boundary holds to the last bit: at `end` both differences are 0 and
    f(x, t_e) = x, whatever is believed. With a belief that is the exact posterior mean it is a step of DDIM, not yet a
    consistency function; a network becomes one by training.
    """
    level = belief.level
    return belief.x_t + (end.alpha - level.alpha) * belief.x0_hat + (end.sigma - level.sigma) * belief.eps_hat


def refuse_unfit(parameterisation: Parameterisation, levels: Sequence[Level]) -> None:
    """Raise ScheduleError where no consistency function can be read from such a network at `levels`, saying which can.

    levels: floats, falling in noise; the last one is the boundary.
    """
    first, end = levels[0], levels[-1]
    if isinstance(parameterisation, X0) and end.sigma == 0.0:
        raise ScheduleError(
            "an x0 parameterisation has no boundary at sigma = 0, where its output is all there is: "
            "set consistency.t_min above 0, or take a model that predicts v, flow, edm or eps"
        )
    if isinstance(parameterisation, Eps) and first.alpha == 0.0:
        raise ScheduleError(
            "an eps parameterisation says nothing of the picture at alpha = 0, where this schedule begins: "
            "take a model that predicts v, flow, edm or x0, or a schedule that keeps some signal"
        )
    try:
        for level in levels:
            parameterisation.sensitivity(level)
            if isinstance(parameterisation, Flow) and abs(level.alpha + level.sigma - 1.0) > 1e-5:
                raise ScheduleError("flow needs alpha + sigma = 1: it fits the rectified schedule; v and edm fit any")
    except LevelError as problem:
        raise ScheduleError(f"no consistency function fits here: {problem}") from problem

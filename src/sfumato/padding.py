"""Every call of a network has one batch size; what fills the empty places is cut away before anybody sees it."""

from dataclasses import replace

from sfumato.process.prediction import Prediction
from sfumato.samplers.base import Step


def first(step: Step, n: int) -> Step:
    """The step with its first n samples."""
    extra = tuple(cut(belief, n) for belief in step.extra)
    return replace(step, prediction=cut(step.prediction, n), x_next=step.x_next[:n], extra=extra)


def cut(belief: Prediction, n: int) -> Prediction:
    """The belief about the first n samples, and what it was made of."""
    terms = {name: cut(term, n) for name, term in belief.terms.items()}
    return Prediction(belief.x_t[:n], belief.level, belief.x0_hat[:n], belief.eps_hat[:n], terms)

"""Every call of a network has one batch size; what fills the empty places is cut away before anybody sees it."""

from dataclasses import replace

from sfumato.process.prediction import Prediction
from sfumato.samplers.base import Step
from sfumato.types import State


def first(step: Step, n: int) -> Step:
    """The step with its first n samples; beliefs that share an array share it still, as Step.beliefs asks."""
    kept: dict[int, State] = {}

    def cut(array: State) -> State:
        return kept.setdefault(id(array), array[:n])

    def of(belief: Prediction) -> Prediction:
        terms = {name: of(term) for name, term in belief.terms.items()}
        return Prediction(cut(belief.x_t), belief.level, cut(belief.x0_hat), cut(belief.eps_hat), terms)

    return replace(
        step, prediction=of(step.prediction), x_next=cut(step.x_next), extra=tuple(of(belief) for belief in step.extra)
    )

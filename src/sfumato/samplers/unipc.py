"""UniPC: a multistep predictor and a corrector that costs no evaluation (Zhao et al. 2023, algorithms 1-2, p = 2)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

from sfumato.errors import RecipeError
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level
from sfumato.samplers.base import Denoise, Noise, Step
from sfumato.types import State


@dataclass(frozen=True, kw_only=True)
class UniPC:
    """Predict x_s from two beliefs; believe there; correct x_s with that third belief; go on from the corrected state.

    Both solve the flow exactly but for x0_hat(lam), which the predictor takes as a line through the last two beliefs
    and the corrector as a parabola through three. variant is the paper's B(h), which weighs the line: "bh1" h, "bh2"
    1 - e^-h. The belief at the predicted state serves the next step too, so there is one evaluation a step. The
    corrected state is the Step's `extra`. The last state is predicted only, and the step to sigma = 0 is of first
    order.

    Accuracy: order 3, one above the predictor's 2 (tests/proofs/test_order.py).

    Raises:
        RecipeError: `variant` is neither of the two.
    """

    kind: ClassVar[str] = "unipc"
    order: ClassVar[int] = 3

    variant: Literal["bh1", "bh2"] = "bh2"

    def __post_init__(self) -> None:
        """Refuse an unknown variant."""
        if self.variant not in ("bh1", "bh2"):
            raise RecipeError(f"unipc variant is {self.variant!r}; it must be 'bh1' or 'bh2'")

    def __call__(self, denoise: Denoise, x: State, levels: Sequence[Level], noise: Noise, /) -> Iterator[Step]:
        """Yield a Step for each consecutive pair of `levels`; draws no noise."""
        past: list[Prediction] = []
        start = x
        for i, (here, there) in enumerate(pairwise(levels)):
            p = denoise(x, here)
            extra: tuple[Prediction, ...] = ()
            if past and past[0].level.alpha > 0.0:
                x = self.correct(start, past, p)
                extra = (Prediction.from_x0(x, here, p.x0_hat),)
            past = [p, *past[:1]]
            start = x
            x = self.predict(start, past, there)
            yield Step(i, here, there, p, x, extra)

    def predict(self, x: State, past: Sequence[Prediction], there: Level) -> State:
        """UniP: from the last belief's level to `there`, along the line through the last two beliefs."""
        now = past[0]
        x_there = constant(x, now, there)
        if len(past) < 2 or there.sigma == 0.0:
            return x_there
        h = there.lam - now.level.lam
        slope = h / (past[1].level.lam - now.level.lam) * (past[1].x0_hat - now.x0_hat)
        return x_there + there.alpha * self.weigh(h) / 2.0 * slope

    def correct(self, x: State, past: Sequence[Prediction], p: Prediction) -> State:
        """UniC: the step from the last belief's level to that of `p` again, now that there is a belief at its end."""
        now, there = past[0], p.level
        h = there.lam - now.level.lam
        x_there = constant(x, now, there)
        if len(past) < 2:
            return x_there + there.alpha * self.weigh(h) / 2.0 * (p.x0_hat - now.x0_hat)
        r = (past[1].level.lam - now.level.lam) / h
        first = 1.0 + math.expm1(-h) / h
        second = 1.0 - 2.0 * first / h
        behind = (first - second) / (1.0 - r)
        slope = behind / r * (past[1].x0_hat - now.x0_hat) + (first - behind) * (p.x0_hat - now.x0_hat)
        return x_there + there.alpha * slope

    def weigh(self, h: float) -> float:
        """The paper's B(h), with its sign turned."""
        return h if self.variant == "bh1" else -math.expm1(-h)


def constant(x: State, p: Prediction, there: Level) -> State:
    """The exact step for an x0_hat that stays as it is: (sigma_s / sigma_t) x_t + alpha_s (1 - e^-h) x0_hat."""
    here = p.level
    return there.sigma / here.sigma * x - there.alpha * math.expm1(here.lam - there.lam) * p.x0_hat

"""The ways to the end of a trajectory, each an error for every sample: distillation, training, mean-flow."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError, ScheduleError
from sfumato.process.parameterisation import Flow
from sfumato.process.rectified import Rectified
from sfumato.process.schedule import Level
from sfumato.train.consistency import Pair, both_ends, consistency_errors, measured
from sfumato.train.consistency_task import Chance, ConsistencyTask, Noised
from sfumato.train.kernels import forward_kernels
from sfumato.train.mean_flow import mean_flow_difference
from sfumato.train.noising import on_device
from sfumato.train.objective import Moment
from sfumato.train.target import student_of, target_of


class Distillation(ConsistencyTask):
    """The next point is where the guided teacher goes from this one, and w is told to the network (CD, LCM)."""

    def errors_of(self, net: nn.Module, noised: Noised, chance: Chance) -> Float[Tensor, " b"]:
        """How differently both points are sent to the end."""
        assert self.teacher is not None
        pair, cond = noised.pair, noised.cond
        x_there = self.teacher.carry(noised.x_t, pair.here, pair.there, cond, noised.scale, steps=self.options.substeps)
        told = self.told(noised)
        student, target = self.belief(student_of(net), told, chance), self.belief(target_of(net), told, chance)
        ends = both_ends(student, target, noised.x_t, x_there, pair)
        errors = consistency_errors(ends, pair, self.options)
        if noised.look is None:
            return errors
        assert self.teacher.eyes is not None
        return errors + self.options.perceptual * self.teacher.eyes(*ends, noised.look, cond)


class Training(ConsistencyTask):
    """The next point is the same picture with the same noise, less of it; no teacher (CT, iCT)."""

    def errors_of(self, net: nn.Module, noised: Noised, chance: Chance) -> Float[Tensor, " b"]:
        """How differently both points are sent to the end."""
        pair, cond = noised.pair, noised.cond
        x_there = pair.there.alpha * noised.x_0 + pair.there.sigma * noised.eps
        student, target = self.belief(student_of(net), cond, chance), self.belief(target_of(net), cond, chance)
        ends = both_ends(student, target, noised.x_t, x_there, pair)
        return consistency_errors(ends, pair, self.options)


class MeanFlow(ConsistencyTask):
    """Average velocities, from the data or from a guided teacher; the second dial is told r.

    The network runs in float32 whatever the machine multiplies natively: autocast inside torch.func.jvp leaves some
    arguments of a layer as they were, which it then refuses. The teacher, outside of it, has the machine's format.
    """

    def __init__(self, net: nn.Module, **parts: Any) -> None:
        super().__init__(net, **parts)
        if self.recipe.precision == "bfloat16":
            raise RecipeError("mean-flow's Jacobian-vector product needs float32: set precision to that, or 'auto'")
        self.dtype = torch.float32
        straight = isinstance(self.noising.schedule, Rectified) and isinstance(self.noising.parameterisation, Flow)
        if not straight:
            raise ScheduleError(
                "mean-flow learns d x_t / d t = eps - x_0: it fits the rectified schedule with flow; for any other "
                "take consistency.method 'distillation' or 'training'"
            )

    @property
    def splits(self) -> bool:
        """See Objective: torch.func's depth of nesting is one for all threads."""
        return False

    def errors_of(self, net: nn.Module, noised: Noised, chance: Chance) -> Float[Tensor, " b"]:
        """How far the average velocity is from what its own derivative says."""
        x_t, here = noised.x_t, noised.pair.here
        flow = noised.eps - noised.x_0
        if self.teacher is not None:
            with torch.no_grad():
                belief = self.teacher(x_t, here, noised.cond, noised.scale)
            flow = belief.eps_hat - belief.x0_hat

        def average(x: Tensor, t: Tensor, r: Tensor) -> Tensor:
            told = self.told(noised, r.flatten(1))
            believed = self.belief(student_of(net), told, chance)(x, Level(t, 1.0 - t, t))
            return believed.eps_hat - believed.x0_hat

        difference = mean_flow_difference(average, x_t, flow, here.t, noised.pair.there.t)  # type: ignore[arg-type]
        return measured(difference, self.options)

    def errors(self, net: nn.Module, x_0: Tensor, eps: Tensor, level: Level, cond: Conditioning) -> Tensor:
        """As for any method, of a network that is given the kernels for it first."""
        forward_kernels(net)
        return super().errors(net, x_0, eps, level, cond)

    def drawn(self, u: np.ndarray, more: np.ndarray, moment: Moment) -> Pair:
        """Two times of process.density, the later one first; r = t for the share `equal`."""
        one, other = (np.asarray(self.noising.density(v, self.noising.schedule).t) for v in (u, more[0]))
        other = np.where(more[1] < self.options.equal, one, other)
        late, early = np.maximum(one, other), np.minimum(one, other)
        here, there = (on_device(self.noising.schedule(t), self.device) for t in (late, early))
        return Pair(here, there, self.finest[-1])


METHODS: dict[str, type[ConsistencyTask]] = {
    "distillation": Distillation,
    "training": Training,
    "mean-flow": MeanFlow,
}
"""The methods by the names that recipes use."""

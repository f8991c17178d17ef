"""A frozen denoiser with guidance, each sample at its own scale: the flow that distillation follows."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from sfumato.conditioner import Conditioning
from sfumato.denoiser import Denoiser
from sfumato.guidance import ClassifierFree
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level, Schedule
from sfumato.thresholding import Threshold
from sfumato.train.noising import on_device
from sfumato.train.perceptual import Eyes


@dataclass(frozen=True, eq=False)
class GuidedTeacher:
    """null + w (cond - null) of a denoiser, with a scale w for each sample.

    way: the interval and the rescale that the model draws with; its own scale has no say. threshold: what it keeps
    x0_hat within, None where nothing. eyes: what compares pictures by its network, None where that is not asked for.
    """

    denoiser: Denoiser
    schedule: Schedule
    null: Conditioning
    way: ClassifierFree = field(default_factory=ClassifierFree)
    threshold: Threshold | None = None
    eyes: Eyes | None = None

    def __call__(self, x_t: Tensor, level: Level, cond: Conditioning, scale: Float[Tensor, " b"]) -> Prediction:
        """The guided belief; outside the interval that with the prompt alone."""
        with_prompt = self.denoiser(x_t, level, cond)
        without = self.denoiser(x_t, level, self.null.rows([0] * len(x_t)))
        (low, high), t = self.way.interval, torch.as_tensor(level.t, device=x_t.device)
        w = torch.where((low <= t) & (t <= high), scale.view(-1, *(1,) * (x_t.ndim - 1)), 1.0)
        guided = self.way.combine(with_prompt, without, w)
        if self.threshold is None:
            return guided
        return Prediction.from_x0(x_t, level, self.threshold(guided.x0_hat))

    @torch.no_grad()
    def carry(
        self, x_t: Tensor, here: Level, there: Level, cond: Conditioning, scale: Float[Tensor, " b"], steps: int = 1
    ) -> Tensor:
        """x_t along the guided flow from `here` to `there`, in so many DDIM steps, even in t."""
        begin, end = (level.t.flatten().double().cpu().numpy() for level in (here, there))  # type: ignore[union-attr]
        for k in range(1, steps + 1):
            belief = self(x_t, here, cond, scale)
            here = there if k == steps else on_device(self.schedule(begin + k / steps * (end - begin)), x_t.device)
            x_t = belief.toward(here)
        return x_t

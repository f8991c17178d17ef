"""Where a student in training begins: at its own pictures, noised, as it will when it draws.

A sampler of few steps noises what the student believed a step before, not a picture of the data. What is trained on
the data alone meets its own faults for the first time when it draws, and they add up from step to step. Here the
student draws down to the level that is learnt, with no gradient, and the loss is taken there (Yin et al. 2024, DMD2,
arXiv:2405.14867, section 4.5, "backward simulation").
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sfumato.conditioner import Conditioning
from sfumato.process.schedule import Level
from sfumato.train.consistency import Believe


@torch.no_grad()
def own_pictures(
    student: Callable[[Conditioning], Believe],
    x_0: Float[Tensor, "b c h w"],
    here: Level,
    cond: Conditioning,
    levels: Sequence[Level],
    noise: Callable[[int], Float[Tensor, "b c h w"]],
    own: Bool[Tensor, " b"],
) -> Float[Tensor, "b c h w"]:
    """x_0 with the student's pictures in the place of those that `own` marks.

    student: the network with some prompts bound; levels: those it draws at, falling; a sample goes through the ones
    noisier than its own, `here`, the first from noise(0) alone, each further k with fresh noise(k). One that begins at
    the noisiest level keeps its x_0.
    """
    made, t = x_0.clone(), here.t.flatten()  # type: ignore[union-attr]
    for k, level in enumerate(levels):
        chosen = (own & (t < level.t)).nonzero().flatten()
        if not len(chosen):
            break
        z = noise(k)[chosen]
        x = level.alpha * made[chosen] + level.sigma * z if k else (level.alpha**2 + level.sigma**2) ** 0.5 * z
        made[chosen] = student(cond.rows([int(k) for k in chosen]))(x, level).x0_hat
    return made

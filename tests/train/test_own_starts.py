"""Starts that are the student's own: what the sampler would have come to, where they are asked for and nowhere else."""

import math

import numpy as np
import pytest
import torch
from tests.train.tiny_teacher import place, recipe_of

from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError
from sfumato.process.grid import uniform
from sfumato.process.prediction import Prediction
from sfumato.process.rectified import Rectified
from sfumato.process.schedule import Level
from sfumato.samplers.consistency import Consistency
from sfumato.train.noising import on_device
from sfumato.train.objective import Moment
from sfumato.train.own_starts import own_pictures
from sfumato.train.session import begin

LEVELS = uniform(Rectified(), 4)[:-1]
PROMPTS = torch.tensor([0.5, -2.0, 1.0, 3.0, 0.0])
COND = Conditioning(PROMPTS.view(5, 1, 1), torch.ones(5, 1, dtype=torch.bool), (("p",),) * 5, None, torch.ones(5, 1))


def noise(k):
    return torch.randn((5, 2, 3, 3), generator=torch.Generator().manual_seed(k))


def bound(cond, asked=None):
    """A network that answers something of the state, the level and the prompt."""

    def believe(x, level):
        t = torch.as_tensor(level.t, dtype=torch.float32)
        if asked is not None:
            asked.append((float(t), [float(v) for v in cond.tokens.flatten()]))
        return Prediction.from_x0(x, level, torch.tanh(x) * t + cond.tokens.view(-1, 1, 1, 1))

    return believe


def at(steps):
    """The levels of those numbers, one a sample."""
    t = np.asarray([LEVELS[k].t for k in steps])
    return on_device(Level(t, 1.0 - t, t), torch.device("cpu"))


def test_a_start_is_what_the_sampler_believed_a_step_before():
    x_0, steps = torch.zeros(5, 2, 3, 3), [0, 1, 2, 3, 3]
    made = own_pictures(bound, x_0, at(steps), COND, LEVELS, noise, torch.ones(5, dtype=torch.bool))
    walked = list(Consistency()(bound(COND), noise(0), (*LEVELS, Level(0.0, 1.0, 0.0)), lambda i, *_: noise(i + 1)))
    for sample, step in enumerate(steps):
        expected = walked[step - 1].prediction.x0_hat[sample] if step else x_0[sample]
        torch.testing.assert_close(made[sample], expected, rtol=1e-6, atol=1e-6)


def test_only_those_that_need_it_are_asked():
    asked = []
    x_0, own = torch.full((5, 2, 3, 3), 7.0), torch.tensor([True, False, True, True, False])
    student = lambda cond: bound(cond, asked)  # noqa: E731
    made = own_pictures(student, x_0, at([0, 1, 2, 1, 3]), COND, LEVELS, noise, own)
    assert asked == [(1.0, [1.0, 3.0]), (0.75, [1.0])]
    assert [bool((picture == 7.0).all()) for picture in made] == [True, True, False, False, True]


def test_the_first_state_has_the_schedule_s_own_variance():
    """A schedule whose last step keeps some signal: the sampler begins at sqrt(alpha^2 + sigma^2) z, and so do they."""
    levels = (Level(1.0, 0.6, 0.8), Level(0.5, 0.8, 0.6))
    seen = []

    def student(cond):
        return lambda x, level: seen.append(x) or Prediction.from_x0(x, level, x)

    own_pictures(student, torch.ones(5, 2, 3, 3), at([2] * 5), COND, levels, noise, torch.ones(5, dtype=torch.bool))
    torch.testing.assert_close(seen[0], math.hypot(0.6, 0.8) * noise(0))


@pytest.mark.parametrize(("own", "same"), [(0.0, True), (1.0, False)])
def test_the_loss_is_taken_there(own, same, teacher, cache, tmp_path):
    """A run with own starts has another loss from its second level on; with none of them, that of the data's."""
    losses = []
    for k, share in enumerate((0.0, own)):
        recipe = recipe_of(teacher, "distillation", "consistency.target=0.0", f"consistency.own={share}")
        session = begin(recipe, tmp_path / str(k), place(cache))
        losses.append(session.trainer.objective.loss(Moment(step=3, shown=24, count=8), slice(0, 8)).item())
        session.folder.close()
    assert (losses[0] == losses[1]) is same


@pytest.mark.parametrize("own", [-0.1, 1.5])
def test_a_share_that_means_nothing_is_refused(own, teacher):
    with pytest.raises(RecipeError, match=rf"consistency\.equal and own are 0\.75 and {own}"):
        recipe_of(teacher, "distillation", f"consistency.own={own}")

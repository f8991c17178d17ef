"""The teacher of a distillation: guidance sample by sample, and steps along its flow. The target's average."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_runs import CPU, Small, Still, oracle_teacher
from torch import nn

from sfumato.guidance import ClassifierFree
from sfumato.process.schedules import Rectified
from sfumato.samplers import DDIM
from sfumato.train.guided import GuidedTeacher
from sfumato.train.noising import on_device
from sfumato.train.target import WithTarget, student_of, student_weights, target_of

SCHEDULE = Rectified()
SCALES = (0.0, 1.0, 2.5)


def at(t):
    return on_device(SCHEDULE(np.full(3, t)), CPU)


def parts():
    x = torch.tensor([-1.0, 0.3, 0.8]).view(3, 1, 1, 1)
    return x, Still().encode_batch(["x"] * 3), GuidedTeacher(oracle_teacher, SCHEDULE, Still().encode_batch([""]))


def test_each_sample_has_its_own_scale():
    """As ClassifierFree guides each of them alone."""
    x, cond, teacher = parts()
    found = teacher(x, at(0.6), cond, torch.tensor(SCALES))
    for k, scale in enumerate(SCALES):
        alone = ClassifierFree(scale=scale, interval=(0.0, 1.0))
        level, one = at(0.6), slice(k, k + 1)
        both = [oracle_teacher(x, level, Still().encode_batch([said] * 3)) for said in ("x", "")]
        belief = alone.combine(*both)
        torch.testing.assert_close(found.x0_hat[one], belief.x0_hat[one])
        torch.testing.assert_close(found.eps_hat[one], belief.eps_hat[one])


def test_the_interval_is_each_sample_s_own():
    """Guided at t = 0.6, plainly believed at 0.1 and 0.95."""
    x, cond, plain = parts()
    way = ClassifierFree(interval=(0.2, 0.9))
    teacher, level = replace(plain, way=way), on_device(SCHEDULE(np.array([0.6, 0.1, 0.95])), CPU)
    found = teacher(x, level, cond, torch.full((3,), 2.5))
    guided, unguided = (plain(x, level, cond, torch.full((3,), w)) for w in (2.5, 1.0))
    torch.testing.assert_close(found.x0_hat[0], guided.x0_hat[0])
    torch.testing.assert_close(found.x0_hat[1:], unguided.x0_hat[1:])
    assert not torch.allclose(guided.x0_hat[1:], unguided.x0_hat[1:], atol=0.01)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_carry_is_so_many_steps_of_ddim(steps):
    x, cond, teacher = parts()
    found = teacher.carry(x, at(0.9), at(0.3), cond, torch.full((3,), 2.0), steps)
    levels = [SCHEDULE(float(t)) for t in np.linspace(0.9, 0.3, steps + 1)]

    def denoise(x_t, level):
        return teacher(x_t, at(level.t), cond, torch.full((3,), 2.0))

    for step in DDIM()(denoise, x, levels, None):
        x = step.x_next
    torch.testing.assert_close(found, x, rtol=1e-4, atol=1e-5)


def test_the_target_follows_and_is_no_parameter():
    pair = WithTarget(Small(1))
    names = [name for name, _ in pair.named_parameters()]
    assert all(name.startswith("student.") for name in names)
    assert set(student_weights(dict(pair.named_parameters()))) == {n for n, _ in Small(1).named_parameters()}
    first = student_of(pair).layers[0]
    before = first.weight.detach().clone()
    with torch.no_grad():
        first.weight.add_(1.0)
    torch.testing.assert_close(target_of(pair).layers[0].weight, before)
    pair.follow(0.75)
    torch.testing.assert_close(target_of(pair).layers[0].weight, before + 0.25)
    assert not any(p.requires_grad for p in target_of(pair).buffers())
    assert {name for name in pair.state_dict() if name.startswith("target.")} == {
        n.replace("student.", "target.") for n in names
    }
    plain = nn.Linear(1, 1)
    assert student_of(plain) is target_of(plain) is plain

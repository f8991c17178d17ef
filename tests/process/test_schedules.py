"""What a schedule answers, what it refuses, and how it is stored."""

import json
import math

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from sfumato.errors import ScheduleError
from sfumato.process.schedule import CLEAN, Schedule
from sfumato.process.schedules import (
    EDM,
    SCHEDULES,
    VE,
    Cosine,
    Linear,
    Rectified,
    ScaledLinear,
    Sigmoid,
    Tabulated,
    schedule_from,
    schedule_to,
)

ALL = [Tabulated((0.1, 0.2, 0.3)), Linear(), ScaledLinear(), Cosine(), Sigmoid(), Rectified(), EDM(), VE()]
every = pytest.mark.parametrize("schedule", ALL, ids=lambda schedule: schedule.kind)


def test_every_kind_is_tested():
    assert {schedule.kind for schedule in ALL} == set(SCHEDULES.kinds)


@every
def test_step_zero_is_clean(schedule):
    assert isinstance(schedule, Schedule)
    assert schedule.at(0) is CLEAN
    assert (schedule(0.0).alpha, schedule(0.0).sigma) == (1.0, 0.0)


@every
def test_floats_answer_floats(schedule):
    for level in (schedule(0.3), schedule.at(2)):
        assert type(level.t) is float
        assert type(level.alpha) is float
        assert type(level.sigma) is float
    assert schedule.at(2).i == 2
    assert type(schedule.t_of_lam(0.5)) is float


@every
def test_arrays_answer_as_floats_do(schedule):
    t = np.array([0.0, 0.2, 0.75, 1.0])
    level = schedule(t)
    assert level.alpha.tolist() == [schedule(value).alpha for value in t.tolist()]
    assert level.sigma.tolist() == [schedule(value).sigma for value in t.tolist()]
    steps = np.array([0, 1, schedule.T])
    many = schedule.at(steps)
    assert many.i.tolist() == steps.tolist()
    assert many.sigma.tolist() == [schedule.at(int(i)).sigma for i in steps]
    lams = schedule(np.array([0.2, 0.75])).lam
    assert schedule.t_of_lam(lams).tolist() == [schedule.t_of_lam(lam) for lam in lams.tolist()]


@every
def test_torch_times_answer_torch_levels(schedule):
    t = torch.tensor([0.25, 0.5])
    level = schedule(t)
    assert level.alpha.dtype == torch.float32
    assert schedule(t[0]).alpha.shape == ()
    np.testing.assert_allclose(level.sigma, schedule(np.array([0.25, 0.5])).sigma, rtol=1e-7)


@every
def test_integer_steps_lie_on_the_curve(schedule):
    steps = np.arange(schedule.T + 1)
    table, curve = schedule.at(steps), schedule(steps / schedule.T)
    np.testing.assert_allclose(table.alpha, curve.alpha, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(table.sigma, curve.sigma, rtol=1e-12)
    assert table.t.tolist() == curve.t.tolist()


@every
@pytest.mark.parametrize("t", [-1e-9, 1.0 + 1e-9, math.nan, np.array([0.5, 2.0])])
def test_times_outside_are_refused(schedule, t):
    with pytest.raises(ScheduleError, match=r"0 \(clean\) to 1"):
        schedule(t)


@every
@pytest.mark.parametrize("i", [-1, 1001, 1.0, np.array([3, 2000])])
def test_steps_outside_are_refused(schedule, i):
    with pytest.raises(ScheduleError, match="integer steps 0"):
        schedule.at(i)


@every
def test_impossible_lam_is_refused(schedule):
    assert schedule.t_of_lam(math.inf) == 0.0
    with pytest.raises(ScheduleError, match="lam = nan"):
        schedule.t_of_lam(math.nan)
    if schedule.at(schedule.T).alpha == 0.0:
        assert schedule.t_of_lam(-math.inf) == 1.0
    else:
        with pytest.raises(ScheduleError, match="noisiest level"):
            schedule.t_of_lam(schedule(1.0).lam - 1e-3)


@every
def test_json_round_trip(schedule):
    options = json.loads(json.dumps(schedule_to(schedule)))
    again = schedule_from(options)
    assert again == schedule
    assert schedule_to(again) == options
    assert again.at(2).sigma == schedule.at(2).sigma


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "liner"}, "did you mean 'linear'"),
        ({}, "expected one of 'cosine'"),
        ({"kind": ["linear"]}, "expected one of"),
        ({"kind": "linear", "beta1": 0.1}, "no option 'beta1': did you mean 'beta_1'"),
        ({"kind": "linear", "T": 10.0}, "T is 10.0; expected an integer"),
        ({"kind": "linear", "T": True}, "T is True; expected an integer"),
        ({"kind": "linear", "beta_1": "small"}, "expected a finite number"),
        ({"kind": "linear", "beta_1": math.nan}, "expected a finite number"),
        ({"kind": "tabulated"}, "needs betas"),
        ({"kind": "tabulated", "betas": 0.1}, "expected a list of numbers"),
        ({"kind": "tabulated", "betas": [0.1, None]}, "expected a finite number"),
        ({"kind": "tabulated", "betas": [0.1, 0.2], "T": 2}, "no option 'T'"),
    ],
)
def test_options_that_are_not_understood(options, message):
    with pytest.raises(ScheduleError, match=message):
        schedule_from(options)


def test_an_integer_will_do_for_a_float():
    assert schedule_from({"kind": "edm", "rho": 7}) == EDM()


def test_a_stranger_is_not_stored():
    with pytest.raises((ScheduleError, TypeCheckError), match="object"):
        schedule_to(object())


@pytest.mark.parametrize(
    "build",
    [
        lambda: Linear(T=1),
        lambda: Linear(T=0),
        lambda: Rectified(T=True),
        lambda: Rectified(T=10.0),
        lambda: Linear(beta_1=0.0),
        lambda: Linear(beta_T=1.0),
        lambda: Tabulated((0.1, math.nan)),
        lambda: Tabulated((0.1,)),
        lambda: ScaledLinear(beta_1=-0.1),
        lambda: Cosine(s=-0.1),
        lambda: Cosine(max_beta=1.0),
        lambda: Sigmoid(tau=0.0),
        lambda: Sigmoid(start=3.0, end=-3.0),
        lambda: EDM(sigma_min=0.0),
        lambda: EDM(sigma_min=80.0),
        lambda: EDM(rho=0.0),
        lambda: VE(sigma_max=math.inf),
    ],
)
def test_impossible_schedules(build):
    with pytest.raises((ScheduleError, TypeCheckError)):
        build()


def test_without_signal_sigma_edm_is_infinite():
    level = Rectified().at(1000)
    assert (level.sigma_edm, level.lam) == (math.inf, -math.inf)
    assert (CLEAN.sigma_edm, CLEAN.lam) == (0.0, math.inf)


def test_a_level_of_arrays_stands_against_a_batch():
    level = Rectified()(np.array([0.25, 0.75])).against(torch.zeros(2, 3, 4, 4))
    assert level.alpha.shape == (2, 1, 1, 1)
    assert level.sigma.dtype == torch.float32
    assert level.sigma.flatten().tolist() == [0.25, 0.75]

"""The power-function average against its definition."""

import numpy as np
import pytest
import torch
from torch import nn

from sfumato.train.average import PowerAverage, exponent


@pytest.mark.parametrize("sigma_rel", [0.05, 0.07, 0.1, 0.2])
def test_the_exponent_gives_the_width(sigma_rel):
    gamma = exponent(sigma_rel)
    t = (np.arange(200_000) + 0.5) / 200_000
    weight = t**gamma / (t**gamma).sum()
    mean = (weight * t).sum()
    assert ((weight * (t - mean) ** 2).sum()) ** 0.5 == pytest.approx(sigma_rel, rel=1e-4)


def test_the_running_average_is_the_weighted_mean_of_all_steps():
    module = nn.Linear(1, 1, bias=False)
    average = PowerAverage(module, 0.1)
    values = np.random.default_rng(0).normal(size=400)
    for k, value in enumerate(values, start=1):
        with torch.no_grad():
            module.weight.fill_(float(value))
        average.update(module, k)
    steps = np.arange(1, 401)
    beta = (1 - 1 / steps) ** (average.gamma + 1)
    weight = (1 - beta) * np.append(np.cumprod(beta[::-1])[::-1][1:], 1.0)
    assert weight.sum() == pytest.approx(1.0)
    assert average.weights["weight"].item() == pytest.approx((weight * values).sum(), abs=1e-5)


def test_the_cap_bounds_the_memory():
    module = nn.Linear(1, 1, bias=False)
    average = PowerAverage(module, 0.1, cap=0.9)
    with torch.no_grad():
        module.weight.fill_(1.0)
        average.weights["weight"].zero_()
    average.update(module, 10**6)
    assert average.weights["weight"].item() == pytest.approx(0.1, rel=1e-5)

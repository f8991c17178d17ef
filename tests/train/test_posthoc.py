"""An average chosen after training against the same average kept while training."""

import numpy as np
import pytest
import torch
from torch import nn

from sfumato.errors import CheckpointError, RecipeError
from sfumato.train.average import PowerAverage
from sfumato.train.posthoc import Profile, average_of, blend, inner, snapshot

STEPS, EVERY = 4000, 125
BOUND = {0.05: 0.12, 0.07: 1e-4, 0.1: 0.02, 0.15: 0.03, 0.25: 0.08}
"""Of the error, relative to the distance from the last weights; the widest reaches back before the first snapshot."""


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A random walk of three weights: snapshots of one average, and the averages of other widths at the end."""
    folder = tmp_path_factory.mktemp("averages")
    module = nn.Linear(3, 1, bias=False)
    widths = (0.05, 0.07, 0.1, 0.15, 0.25)
    averages = {s: PowerAverage(module, s) for s in widths}
    for step, change in enumerate(np.random.default_rng(0).normal(size=(STEPS, 3)), start=1):
        with torch.no_grad():
            module.weight.add_(torch.tensor(change[None], dtype=torch.float32))
        for average in averages.values():
            average.update(module, step)
        if step % EVERY == 0:
            data = snapshot(averages[0.07].weights, step, 0.07)
            (folder / f"{step:09d}.safetensors").write_bytes(data)
    return folder, averages, module.weight.detach()


@pytest.mark.parametrize("sigma_rel", [0.05, 0.07, 0.1, 0.15, 0.25])
def test_the_average_of_any_width_comes_back(walk, sigma_rel):
    folder, averages, last = walk
    wanted = averages[sigma_rel].weights["weight"]
    found = average_of(folder, sigma_rel)["weight"]
    apart = (wanted - last).norm()
    assert (found - wanted).norm() < BOUND[sigma_rel] * apart
    assert (averages[0.07].weights["weight"] - averages[0.25].weights["weight"]).norm() > 0.3 * apart


def test_a_kept_width_is_its_own_snapshot(walk):
    folder, averages, _ = walk
    torch.testing.assert_close(average_of(folder, 0.07)["weight"], averages[0.07].weights["weight"], rtol=0, atol=1e-4)


def test_inner_products_are_the_integrals():
    a, b = Profile(40.0, 0.07), Profile(100.0, 0.2)
    tau = (np.arange(400_000) + 0.5) / 4000
    from sfumato.train.average import exponent

    def values(p):
        g = exponent(p.sigma_rel)
        return np.where(tau <= p.step, (g + 1) * tau**g / p.step ** (g + 1), 0.0)

    for p, q in ((a, a), (a, b), (b, a), (b, b)):
        assert inner([p], [q])[0, 0] == pytest.approx((values(p) * values(q)).sum() / 4000, rel=1e-3)


def test_shares_sum_to_one_and_the_error_is_said():
    kept = [Profile(float(k), 0.1) for k in range(100, 1001, 100)]
    found = blend(kept, Profile(1000.0, 0.1))
    assert found.shares.sum() == pytest.approx(1.0, abs=1e-9)
    assert found.error < 1e-6
    assert blend(kept, Profile(1000.0, 0.02)).error > 0.3


def test_refusals(walk, tmp_path):
    with pytest.raises(RecipeError, match=r"width 0\.01 is \d+% off"):
        average_of(walk[0], 0.01)
    with pytest.raises(CheckpointError, match="no snapshot"):
        average_of(tmp_path, 0.1)
    (tmp_path / "000000001.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="no snapshot of an average"):
        average_of(tmp_path, 0.1)

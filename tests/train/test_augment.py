"""Augmentation: what is told is what was done, what is not moved is untouched, and drawing knows nothing of it."""

import numpy as np
import pytest
import torch
from tests.train.tiny_runs import DATA
from torch import nn

from sfumato import rng
from sfumato.errors import RecipeError
from sfumato.train.augment import CHANCES, DIALS, FIRST, REACH, SPREAD, augmented, moves, refuse_augment
from sfumato.train.build import build
from sfumato.train.material import Place
from sfumato.train.objective import Moment
from sfumato.train.reading import load_recipe

CPU = torch.device("cpu")
ON = ("data.augment=0.5", f"network.dials={DIALS}")
NEVER = 0.999
"""A uniform number at which no move happens."""
ONE_SIGMA = 0.8413447460685429
"""The uniform number that stands for z = 1."""


def chances(**values):
    """One picture's uniform numbers: named moves happen, with the given value numbers (0.5: z = 0, angle 0)."""
    u = np.full((1, CHANCES), 0.5)
    u[0, :5] = NEVER
    places = {"mirror": (0,), "scale": (1, 5), "turn": (2, 6), "stretch": (3, 7, 8), "shift": (4, 9, 10)}
    for name, numbers in values.items():
        gate, *at = places[name]
        u[0, gate] = 0.001
        u[0, at] = numbers
    return u


def moved(x, **values):
    return augmented(x, chances(**values), 0.5)


def spot(x, y, side=32):
    """A white picture with a dark blob at pixel (x, y)."""
    rows, columns = np.mgrid[:side, :side]
    return torch.from_numpy(1 - 2 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 6.0)).float()[None, None]


def centre(picture):
    """The blob's centre in pixels, (x, y)."""
    dark = (1 - picture[0, 0]).numpy()
    rows, columns = np.mgrid[: dark.shape[0], : dark.shape[1]]
    return (dark * columns).sum() / dark.sum(), (dark * rows).sum() / dark.sum()


def test_no_move_is_the_picture_itself():
    x = spot(9, 20)
    out, told = moved(x)
    assert out.equal(x)
    assert told.equal(torch.zeros(1, DIALS))


def test_a_mirror_is_exact():
    x = spot(9, 20)
    out, told = moved(x, mirror=())
    torch.testing.assert_close(out, x.flip(-1), rtol=0, atol=1e-5)
    assert told[0].tolist() == [0.0] * FIRST + [1.0] + [0.0] * 7


def test_a_quarter_turn_is_exact():
    x = spot(9, 20)
    out, told = moved(x, turn=(0.75,))
    torch.testing.assert_close(out, x.rot90(-1, (2, 3)), rtol=0, atol=1e-5)
    assert told[0, FIRST + 2 : FIRST + 4].tolist() == pytest.approx([-1.0, 1.0], abs=1e-6)


def test_a_shift_is_told_as_a_share_of_the_side():
    out, told = moved(spot(12, 15), shift=([ONE_SIGMA, 0.5],))
    torch.testing.assert_close(out, spot(12 + 32 * REACH, 15), rtol=0, atol=1e-3)
    assert told[0, FIRST + 6 :].tolist() == pytest.approx([REACH, 0.0], abs=1e-6)


def test_scale_and_stretch_move_points_as_told():
    out, told = moved(spot(20, 12), scale=(ONE_SIGMA,))
    s = 2.0 ** float(told[0, FIRST + 1])
    assert s == pytest.approx(2.0**SPREAD, rel=1e-5)
    assert np.array(centre(out)) - 15.5 == pytest.approx(s * (np.array([20, 12]) - 15.5), abs=0.05)
    out, told = moved(spot(20, 12), stretch=(ONE_SIGMA, 0.75))
    r = 2.0 ** float(told[0, FIRST + 5])
    assert r == pytest.approx(2.0**SPREAD, rel=1e-5)
    assert np.array(centre(out)) - 15.5 == pytest.approx([4.5 / r, -3.5 * r], abs=0.05)


def test_moves_follow_each_other_in_the_order_that_is_stated():
    u = chances(mirror=(), scale=(0.9,), turn=(0.6,), stretch=(0.2, 0.7), shift=([0.7, 0.3],))
    matrix, shift, told = moves(u, 0.5)
    flip, size, cos, sin, a, b, *by = told[0]
    turn = np.array([[cos + 1, -sin], [sin, cos + 1]])
    long = np.hypot(a, b) * np.sign(2 * 0.2 - 1)
    way = 0.4 * np.pi
    around = np.array([[np.cos(way), -np.sin(way)], [np.sin(way), np.cos(way)]])
    stretch = around @ np.diag([2.0**long, 2.0**-long]) @ around.T
    np.testing.assert_allclose(matrix[0], stretch @ turn * 2.0**size @ np.diag([-1.0, 1.0]), atol=1e-12)
    np.testing.assert_allclose(shift[0], 2 * np.array(by), atol=1e-12)
    assert flip == 1.0


def test_each_move_happens_as_often_as_asked():
    told = moves(rng.uniform(0, (4000, CHANCES), stream=rng.AUGMENT), 0.12)[2]
    for column in (0, 1, 2, 4, 6):
        assert np.mean(told[:, column] != 0) == pytest.approx(0.12, abs=0.016)
    assert np.std(told[told[:, 1] != 0, 1]) == pytest.approx(SPREAD, rel=0.15)


class Told(nn.Module):
    """A network that keeps what it was told."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.calls = []

    def forward(self, x, *inputs):
        self.calls.append((x, *inputs))
        return self.weight * x


def task_of(tmp_path, *changes):
    recipe = load_recipe("tiny", ["precision=float32", *changes])
    return build(recipe, Place(device=CPU, data=DATA, cache=tmp_path, report=lambda *_: None)).objective


@torch.no_grad()
def test_a_run_tells_its_network_and_a_sheet_does_not(tmp_path):
    task = task_of(tmp_path, *ON)
    task.net = spy = Told()
    moment = Moment(step=3, shown=24, count=8)
    whole = task.loss(moment, slice(0, 8))
    dials = spy.calls[0][5]
    assert dials.shape == (8, DIALS)
    assert 0 < (dials != 0).any(dim=1).sum() <= 8
    parts = [task.loss(moment, slice(k, k + 4)) for k in (0, 4)]
    assert torch.cat([call[5] for call in spy.calls[1:]]).equal(dials)
    assert float(sum(parts)) / 2 == pytest.approx(float(whole), rel=1e-5)
    spy.calls.clear()
    task.sheet(spy)
    assert spy.calls
    assert all(len(call) == 5 for call in spy.calls)


@torch.no_grad()
def test_without_it_a_network_is_told_nothing(tmp_path):
    task = task_of(tmp_path, f"network.dials={DIALS}")
    task.net = spy = Told()
    plain = task.loss(Moment(step=3, shown=24, count=8), slice(0, 8))
    assert len(spy.calls[0]) == 5
    task.augment = 0.5
    assert float(task.loss(Moment(step=3, shown=24, count=8), slice(0, 8))) != float(plain)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["data.augment=0.1"], f"network.dials 0; .*set network.dials to {DIALS}"),
        (["data.augment=0.1", "network.dials=2"], f"network.dials 2; .*set network.dials to {DIALS}"),
        ([*ON, "space.kind=latent"], "latents are made once"),
        ([*ON, "objective=towers"], "for objective 'towers'"),
        ([*ON, "data.augment=1.1"], r"data.augment is 1.1; a probability"),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(RecipeError, match=message):
        refuse_augment(load_recipe("tiny", changes))

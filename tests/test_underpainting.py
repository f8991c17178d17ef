"""Drawing over a picture: begun at the right level, the known part at every level with that level's noise."""

import math

import numpy as np
import pytest

from sfumato import rng
from sfumato.process.forward import jump
from sfumato.process.oracle_empirical import Empirical
from sfumato.process.oracle_gaussian import Gaussian
from sfumato.process.rectified import Rectified
from sfumato.process.schedules import schedule_from
from sfumato.samplers import DDIM, DDPM, SAMPLERS
from sfumato.underpainting import Underpainting, holding, over

LEVELS = (*(Rectified()(t) for t in (0.8, 0.6, 0.4, 0.2)), Rectified().at(0))
SHAPE = (1, 4, 4)
NOISY = {"ddpm", "euler-ancestral", "dpmpp-2m-sde", "langevin", "consistency"}
QUIET = [cls() for kind, cls in SAMPLERS.items() if kind not in NOISY]
CELLS = np.zeros((1, 1, 4, 4))
CELLS[..., 1:3, :2] = 1.0
KNOWN = np.broadcast_to(CELLS == 0.0, (1, *SHAPE))


class Plain:
    """The identity autoencoder on arrays."""

    factor = channels = colours = 1

    def encode(self, image, /):
        from sfumato.autoencoder import DiagonalGaussian

        return DiagonalGaussian(image, 0.0 * image)

    def decode(self, latent, /):
        return latent


def gaussian(shape=SHAPE):
    return Gaussian(np.linspace(-1.0, 1.0, math.prod(shape)).reshape(shape), np.full(shape, 0.5))


def drawn(sampler, denoise, x, levels=LEVELS, seed=5):
    return list(sampler(denoise, x, levels, rng.PerSample((seed,) * len(x))))


@pytest.fixture
def z_0():
    return np.random.default_rng(1).normal(size=(1, *SHAPE))


@pytest.fixture
def eps():
    return np.random.default_rng(2).normal(size=(1, *SHAPE))


def test_it_begins_by_one_jump(z_0, eps):
    under = Underpainting(image=z_0.astype(np.float32), init="a" * 64)
    x, denoise = over(Plain(), under, eps, LEVELS[0], gaussian())
    np.testing.assert_allclose(x, 0.2 * z_0 + 0.8 * eps, atol=1e-6)
    assert isinstance(denoise, Gaussian), "without a mask the beliefs are the model's own"


def test_weaker_is_nearer(z_0, eps):
    gaps = [
        np.abs(drawn(DDIM(), gaussian(), jump(z_0, eps, LEVELS[k]), LEVELS[k:])[-1].x_next - z_0).mean()
        for k in range(4)
    ]
    assert gaps[0] > gaps[1] > gaps[2] > gaps[3] > 0.0


def test_a_latent_is_redrawn_if_any_of_its_pixels_is():
    redrawn = np.zeros((4, 8), np.uint8)
    redrawn[1, 2] = 1
    cells = Underpainting(image=np.zeros((1, 3, 4, 8), np.float32), redrawn=redrawn, init="a", mask="b").cells(2)
    assert cells.tolist() == [[[[0, 1, 0, 0], [0, 0, 0, 0]]]]
    assert Underpainting(image=np.zeros((1, 3, 4, 8), np.float32), init="a").cells(2) is None


@pytest.mark.parametrize("sampler", QUIET, ids=str)
def test_the_known_part_is_at_every_level_what_the_jump_to_it_is(sampler, z_0, eps):
    steps = drawn(sampler, holding(gaussian(), z_0, CELLS), jump(z_0, eps, LEVELS[0]))
    for step in steps:
        np.testing.assert_allclose(step.x_next[KNOWN], jump(z_0, eps, step.there)[KNOWN], atol=1e-9)
    assert np.abs(steps[-1].x_next - z_0)[~KNOWN].min() > 1e-3


@pytest.mark.parametrize("cls", SAMPLERS.values(), ids=lambda cls: cls.kind)
def test_every_sampler_ends_at_the_known_part(cls, z_0, eps):
    steps = drawn(cls(), holding(gaussian(), z_0, CELLS), jump(z_0, eps, LEVELS[0]))
    np.testing.assert_allclose(steps[-1].x_next[KNOWN], z_0[KNOWN], atol=1e-6)


@pytest.mark.parametrize("sampler", [DDPM(), DDIM(eta=0.5), DDIM(eta=1.0)], ids=str)
def test_with_fresh_noise_the_known_part_has_the_spread_of_its_level(sampler):
    """q(x_s | z_0) = N(alpha z_0, sigma^2), over many numbers."""
    shape, levels = (1, 200, 200), LEVELS
    z_0, eps = (rng.normal(seed, (1, *shape), stream=rng.INITIAL).astype(float) for seed in (3, 4))
    steps = drawn(sampler, holding(gaussian(shape), z_0, np.zeros((1, 1, 200, 200))), jump(z_0, eps, levels[0]))
    for step in steps[:-1]:
        rest = (step.x_next - step.there.alpha * z_0) / step.there.sigma
        assert abs(rest.mean()) < 0.02
        assert abs(rest.std() - 1.0) < 0.02


def test_what_does_not_depend_on_the_known_part_is_drawn_as_ever(z_0, eps):
    start = jump(z_0, eps, LEVELS[0])
    alone = drawn(DDIM(), gaussian(), start)[-1].x_next
    held = drawn(DDIM(), holding(gaussian(), z_0, CELLS), start)[-1].x_next
    np.testing.assert_array_equal(held[~KNOWN], alone[~KNOWN])


@pytest.mark.parametrize("which", [0, 1])
def test_what_depends_on_it_follows_it(which):
    """Two pictures; half of one is known, and the other half is drawn to fit."""
    pair = np.stack([np.full(SHAPE, -1.0), np.full(SHAPE, 1.0)])
    cells = np.zeros((1, 1, 4, 4))
    cells[..., 2:] = 1.0
    levels = tuple(schedule_from({"kind": "rectified"})(t) for t in np.linspace(1.0, 0.02, 30)) + LEVELS[-1:]
    for seed in range(4):
        eps = rng.normal(seed, (1, *SHAPE), stream=rng.INITIAL).astype(float)
        z_0 = pair[which][None] * (1.0 - cells)
        end = drawn(DDIM(), holding(Empirical(pair), z_0, cells), jump(z_0, eps, levels[0]), levels)[-1].x_next
        np.testing.assert_allclose(end, pair[which][None], atol=1e-3)


def test_beliefs_agree_with_the_state(z_0, eps):
    level = LEVELS[1]
    x_t = jump(z_0, eps, level)
    p = holding(gaussian(), z_0, CELLS)(x_t, level)
    np.testing.assert_allclose(level.alpha * p.x0_hat + level.sigma * p.eps_hat, x_t, atol=1e-12)
    np.testing.assert_array_equal(p.x0_hat[KNOWN], z_0[KNOWN])

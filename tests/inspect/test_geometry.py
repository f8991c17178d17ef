"""The plane of guidance is true to scale, and the prompt's bits are a divergence of Gaussians."""

import math

import numpy as np
import pytest

from sfumato.inspect.geometry import geometry, steered
from sfumato.inspect.numbers import rms
from sfumato.inspect.timing import timing
from sfumato.pipeline import encode, trace
from sfumato.process.forward import posterior
from sfumato.samplers.base import Step


def steps_of(model, **settings):
    recipe = model.recipe("a red apple", **({"steps": 5, "guidance": 3.0} | settings))
    return [event for event in trace(model.bundle, recipe) if isinstance(event, Step)]


def test_lengths_angles_and_the_line_are_true(tiny_model):
    for step in steps_of(tiny_model):
        found, terms = geometry(step), step.prediction.terms
        null, cond, guided = (np.array(point) for point in (found.null, found.cond, found.guided))
        assert math.hypot(*null) == pytest.approx(rms(terms["null"].v_hat))
        assert math.hypot(*cond) == pytest.approx(rms(terms["cond"].v_hat))
        assert np.linalg.norm(cond - null) == pytest.approx(rms(terms["cond"].v_hat - terms["null"].v_hat), rel=1e-5)
        np.testing.assert_allclose(guided, null + 3.0 * (cond - null), atol=1e-4)
        assert found.off < 1e-4
        assert found.cosine == pytest.approx(null @ cond / np.linalg.norm(null) / np.linalg.norm(cond))


def test_rescaling_leaves_the_plane(tiny_model):
    steps = steps_of(tiny_model, guidance={"scale": 6.0, "rescale": 1.0})
    assert max(geometry(step).off for step in steps) > 1e-3


@pytest.mark.parametrize("w", [0.0, 1.0])
def test_one_side_has_no_plane(tiny_model, w):
    assert all(geometry(step) is steered(step) is None for step in steps_of(tiny_model, guidance=w))


def test_bits_are_the_divergence_of_the_two_steps(tiny_model):
    *steps, last = steps_of(tiny_model)
    assert steered(last) is None
    assert geometry(last).bits is None
    for step in steps:
        x_t = step.prediction.x_t.double()
        exact = posterior(step.there, step.here)
        one, other = (exact.mean(step.prediction.terms[name].x0_hat.double(), x_t) for name in ("cond", "null"))
        divergence = ((one - other) ** 2 / (2.0 * exact.variance)).sum(dim=(0, 1)).numpy() / math.log(2.0)
        np.testing.assert_allclose(steered(step), divergence, rtol=1e-6, atol=1e-12)
        assert geometry(step).bits == pytest.approx(divergence.sum())


def test_every_part_is_timed_and_nothing_changes(tiny_model):
    step = steps_of(tiny_model)[1]
    bundle = tiny_model.bundle
    cond = encode(bundle.conditioner, ["a cat"])
    plain = bundle.denoiser(step.prediction.x_t, step.here, cond)
    with timing(bundle.denoiser) as parts:
        timed = bundle.denoiser(step.prediction.x_t, step.here, cond)
    again = len(parts)
    bundle.denoiser(step.prediction.x_t, step.here, cond)
    assert (plain.x0_hat == timed.x0_hat).all()
    assert len(parts) == again, "the hooks are gone"
    by = {part.path: part for part in parts}
    assert by["net.conv_in"].shape == (1, 16, 8, 8)
    assert by["net.conv_in"].numbers == 4 * 16 * 9 + 16
    for part in parts:
        if part.parent:
            assert part.path.startswith(part.parent)
            assert part.seconds <= by[part.parent].seconds

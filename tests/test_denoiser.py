"""Denoiser = network + parameterisation + clock: each is asked once, with the right thing."""

import numpy as np

from sfumato.conditioner import Conditioning
from sfumato.denoiser import Denoiser, NetworkDenoiser
from sfumato.process.prediction import Prediction
from sfumato.process.schedule import Level


class Doubling:
    """A parameterisation with an input scale of 2 whose output is x_0 itself."""

    def target(self, x_0, eps, level, /):
        return x_0

    def read(self, output, x_t, level, /):
        return Prediction.from_x0(x_t, level, output)

    def scale_in(self, level, /):
        return 2.0


def test_the_network_sees_scaled_input_the_clock_and_the_text():
    seen = {}

    def net(x, c_noise, tokens, mask, pooled, /):
        seen.update(x=x, c_noise=c_noise, tokens=tokens, mask=mask, pooled=pooled)
        return 0.5 * x

    x_t = np.arange(16.0).reshape(1, 1, 4, 4)
    cond = Conditioning(np.ones((1, 3, 2)), np.array([[True, True, False]]), (("a", "b", ""),), np.full((1, 5), 7.0))
    denoiser = NetworkDenoiser(net, Doubling(), lambda level: 1000.0 * level.t)
    assert isinstance(denoiser, Denoiser)
    prediction = denoiser(x_t, Level(0.25, 0.8, 0.6), cond)
    np.testing.assert_array_equal(seen["x"], 2 * x_t)
    assert seen["c_noise"] == 250.0
    assert seen["tokens"] is cond.tokens
    assert seen["mask"] is cond.mask
    assert seen["pooled"] is cond.pooled
    np.testing.assert_allclose(prediction.x0_hat, x_t)
    np.testing.assert_allclose(0.8 * prediction.x0_hat + 0.6 * prediction.eps_hat, x_t)


def test_conditionings_join_prompt_after_prompt():
    one = Conditioning(np.zeros((1, 3, 2)), np.ones((1, 3), bool), (("a",),))
    two = Conditioning(np.ones((2, 3, 2)), np.zeros((2, 3), bool), (("b",), ("c",)))
    both = one + two
    assert len(both) == 3
    assert both.words == (("a",), ("b",), ("c",))
    assert both.pooled is None
    np.testing.assert_array_equal(both.tokens[:, 0, 0], [0, 1, 1])
    np.testing.assert_array_equal(both.mask[:, 0], [True, False, False])


def test_rows_of_a_conditioning_stand_in_the_order_asked_for():
    tokens, dials = np.arange(6.0).reshape(3, 2, 1), np.array([[0.0], [1.0], [2.0]])
    some = Conditioning(tokens, np.eye(3, 2, dtype=bool), (("a",), ("b",), ("c",)), dials=dials).rows([2, 0, 2])
    assert some.words == (("c",), ("a",), ("c",))
    assert some.pooled is None
    np.testing.assert_array_equal(some.tokens[:, 0, 0], [4, 0, 4])
    np.testing.assert_array_equal(some.mask[:, 0], [False, True, False])
    np.testing.assert_array_equal(some.dials, [[2], [0], [2]])

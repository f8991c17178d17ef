"""Possible futures: what grows from one state, its mean beside the guess, and the twin in the plane that is exact."""

from itertools import pairwise

import numpy as np
import pytest

from sfumato.errors import RecipeError
from sfumato.process.schedule import CLEAN
from sfumato.studio.denoise import denoise
from sfumato.studio.frames import decode
from sfumato.studio.futures import Futures, below, futures, pictures, walks
from sfumato.studio.photo import shipped

ASKED = {"photo": "harbour", "seed": 3, "t": 700, "count": 6, "first": 11}


@pytest.fixture(scope="module")
def answer(tiny_model):
    return denoise(tiny_model, shipped(), seed=3, i=700)


@pytest.fixture(scope="module")
def grown(tiny_model, answer):
    return list(futures(tiny_model, answer, seed=11, count=6))


def test_a_future_is_its_seeds_own(tiny_model, answer, grown):
    assert [len(found.x_0) for found in grown] == [4, 6]
    np.testing.assert_array_equal(grown[0].x_0, grown[1].x_0[:4])
    alone = walks(tiny_model, answer, seeds=[13])
    np.testing.assert_allclose(alone[0], grown[1].x_0[2], atol=1e-4)
    assert np.abs(grown[1].x_0[2] - grown[1].x_0[3]).max() > 0.1


def test_the_numbers_are_what_they_say(answer, grown):
    numbers, x_0 = grown[1].numbers(), grown[1].x_0.astype(np.float64)
    gaps = x_0[:, None] - x_0[None]
    assert numbers["spread"] == pytest.approx(np.sqrt((gaps**2).sum(axis=(0, 1)).mean() / (2 * 6 * 5)))
    assert numbers["apart"] == pytest.approx(np.sqrt(np.mean((grown[1].mean - answer.x0_hat) ** 2)), rel=1e-5)
    assert numbers["chance"] == pytest.approx(numbers["spread"] / 6**0.5)
    assert grown[1].distances[4] == pytest.approx(np.sqrt(np.mean((x_0[4] - answer.x0_hat) ** 2)))


def test_the_mean_of_draws_misses_by_chance_alone():
    """Where futures are draws around the guess, `apart` is `chance`: here from a normal law, so this is exact."""
    draws = np.random.default_rng(0).normal(1.0, 2.0, (6, 5, 100, 100)).astype(np.float32)
    numbers = Futures(x0_hat=np.ones((5, 100, 100), np.float32), x_0=draws).numbers()
    assert numbers["spread"] == pytest.approx(2.0, rel=0.02)
    assert numbers["apart"] == pytest.approx(numbers["chance"], rel=0.02)


@pytest.mark.parametrize(("i", "steps"), [(1000, 8), (5, 8), (1, 8), (8, 8)])
def test_the_steps_lead_down_from_where_it_stands(tiny_model, i, steps):
    schedule = tiny_model.bundle.schedule
    levels = below(schedule, schedule.at(i), steps)
    assert levels[0].i == i
    assert levels[-1] is CLEAN
    assert len(levels) == min(i, steps) + 1
    assert all(here.t > there.t for here, there in pairwise(levels))


def test_from_the_last_step_there_is_one_future(tiny_model):
    start = denoise(tiny_model, shipped(), seed=3, i=1)
    (only,) = futures(tiny_model, start, seed=0, count=2)
    np.testing.assert_allclose(only.x_0[0], start.x0_hat, atol=1e-5)
    assert only.numbers()["spread"] < 1e-6


def test_a_batch_holds_so_many(tiny_model, answer):
    for seeds in ([], range(5)):
        with pytest.raises(RecipeError, match=r"expected 1\.\.4"):
            walks(tiny_model, answer, seeds=seeds)


def test_the_api_says_the_same(client, tiny_model, answer, grown):
    state, first, second, done = decode(client.post("/api/v1/futures", json=ASKED).content)
    assert done.type == "done"
    np.testing.assert_allclose(state.arrays["guess"], answer.guess, atol=2e-3)
    assert (state.header["t"], state.header["sigma"]) == (700, answer.level.sigma)
    assert (len(first.arrays["new"]), len(second.arrays["new"])) == (4, 2)
    assert second.header["numbers"] == pytest.approx(grown[1].numbers())
    assert second.header["distances"] == pytest.approx(grown[1].distances)
    np.testing.assert_allclose(second.arrays["new"], pictures(tiny_model, grown[1].x_0[4:]), atol=2e-3)
    np.testing.assert_allclose(second.arrays["mean"], pictures(tiny_model, grown[1].mean[None])[0], atol=2e-3)


@pytest.mark.parametrize("change", [{"t": 0}, {"count": 0}, {"count": 13}, {"first": -1}, {"photo": "x"}, {"w": 2}])
def test_what_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/futures", json=ASKED | change).status_code == 400


def test_futures_agree_once_there_is_little_noise(read):
    reader = read()
    figure, spread = reader.figure("futures"), []
    for t in ("1000", "2"):
        figure.locator("#futures-t").fill(t)
        reader.settled("futures")
        spread.append(reader.readouts("futures")["spread"])
    assert spread[0] > 20 * spread[1]
    assert "at step 2 the mean of 8 futures lies" in reader.page.locator("#s2-1 .correction").inner_text()


def test_the_twin_is_moved_by_keys_and_by_pointer_and_count_and_noise_by_their_controls(read):
    reader = read()
    figure = reader.figure("futures")
    reader.settled("futures")
    ring = figure.get_by_role("slider", name="The noisy point")
    before = reader.readouts("futures")
    ring.focus()
    for _ in range(5):
        reader.page.keyboard.press("ArrowRight")
    after = reader.readouts("futures")
    assert after["twin_across"] > before["twin_across"] + 0.05
    assert after["spread"] == before["spread"]
    box = figure.locator("svg.heaps").bounding_box()
    reader.page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
    assert reader.readouts("futures")["twin_across"] < before["twin_across"]
    figure.get_by_text("12", exact=True).click()
    reader.settled("futures")
    assert figure.locator(".many canvas").count() == 12
    spread = reader.readouts("futures")["spread"]
    figure.get_by_role("button", name="Other futures").click()
    reader.settled("futures")
    assert reader.readouts("futures")["spread"] != spread

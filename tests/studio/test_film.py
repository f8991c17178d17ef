"""Film strip and frequency ladder: a run as `generate` makes it, bands that add up, prices that are the bound's."""

import numpy as np
import pytest
import torch

from sfumato import rng
from sfumato.picture import to_bytes
from sfumato.pipeline import encode
from sfumato.process.bound import prior_kl, step_kl
from sfumato.process.grid import trailing
from sfumato.studio.denoise import encoded
from sfumato.studio.film import agreement, bands, film, ladder, prices, settled, total
from sfumato.studio.frames import decode
from sfumato.studio.photo import shipped, x_0

RUN = {"prompt": "a red apple", "seed": 5, "steps": 4}
COST = {"photo": "mountain", "seed": 5, "steps": 4}


@pytest.fixture(scope="module")
def stills(tiny_model):
    return list(film(tiny_model, "a red apple", seed=5, steps=4))


def test_the_last_guess_is_the_picture_that_generate_draws(tiny_model, stills):
    assert len(stills) == 4
    assert stills[0].here.sigma > stills[0].there.sigma > stills[3].there.sigma == 0.0
    drawn = tiny_model.generate("a red apple", seed=5, steps=4)[0]
    last = to_bytes(torch.from_numpy(stills[-1].guess)[None])[0]
    assert np.abs(np.asarray(drawn.image).astype(int) - last).max() <= 1


def test_bands_are_octaves_and_miss_no_wave():
    assert bands(128) == [(1, 2), (2, 4), (4, 8), (8, 16), (16, 32), (32, 64)]
    assert bands(32)[-1] == (8, 16)


@pytest.mark.parametrize(("waves", "band"), [(1, 0), (3, 1), (4, 2), (40, 5)])
def test_a_wave_belongs_to_its_band_alone(waves, band):
    ground, across = x_0(), np.cos(2 * np.pi * waves * np.arange(128) / 128).astype(np.float32)
    rungs = agreement(ground + 0.5 * across, ground)
    np.testing.assert_allclose(np.delete(rungs, band), 1.0)
    assert rungs[band] < 0.99


def test_agreement_is_a_correlation():
    rungs = agreement(-2.0 * x_0(), x_0())
    np.testing.assert_allclose(rungs, -1.0)
    np.testing.assert_allclose(agreement(0.0 * x_0(), x_0()), 0.0)
    fresh = rng.normal(1, (3, 128, 128), stream=rng.DATA)
    assert np.abs(agreement(fresh, x_0())[3:]).max() < 0.1


def test_settled_is_the_first_step_from_which_it_stays():
    rungs = np.array([[0.95, 0.0, 0.95], [0.5, 0.0, 0.95], [0.91, 0.0, 0.95], [1.0, 1.0, 1.0]])
    assert settled(rungs) == [2, 3, 0]


def test_prices_are_the_terms_of_the_bound(tiny_model):
    bundle, costs = tiny_model.bundle, list(prices(tiny_model, shipped("mountain"), seed=5, steps=4))
    levels, x = trailing(bundle.schedule, 4), encoded(tiny_model, shipped("mountain"))
    eps = torch.from_numpy(rng.normal(5, tuple(x.shape[1:]), stream=rng.INITIAL)[None])
    assert len(costs) == 4
    assert float(costs[0].bits[0]) == pytest.approx(float(prior_kl(x, levels[0]).bits[0]))
    t, s = levels[1], levels[2]
    with torch.no_grad():
        belief = bundle.denoiser(t.alpha * x + t.sigma * eps, t, encode(bundle.conditioner, [""]))
    nats = 0.5 * ((s.alpha / s.sigma) ** 2 - (t.alpha / t.sigma) ** 2) * float(((x - belief.x0_hat) ** 2).sum())
    assert float(costs[2].nats[0]) == pytest.approx(nats, rel=1e-4)
    assert float(costs[2].nats[0]) == pytest.approx(float(step_kl(x, belief.x0_hat, s, t).nats[0]), rel=1e-4)
    assert total(costs) == pytest.approx(sum(float(cost.nats[0]) for cost in costs) / np.log(2.0))


def test_the_api_says_the_same(client, tiny_model, stills):
    *frames, last, done = decode(client.post("/api/v1/film", json=RUN).content)
    assert [frame.header["k"] for frame in frames] == [0, 1, 2, 3]
    assert done.type == "done"
    np.testing.assert_allclose(frames[2].arrays["holds"], stills[2].holds, atol=2e-3)
    np.testing.assert_allclose(last.arrays["rungs"], ladder([still.guess for still in stills]), atol=1e-4)
    assert last.header["bands"] == [list(band) for band in bands(32)]
    assert last.header["settled"] == settled(last.arrays["rungs"])
    *costs, done = decode(client.post("/api/v1/film/prices", json=COST).content)
    ours = [float(cost.bits[0]) for cost in prices(tiny_model, shipped("mountain"), seed=5, steps=4)]
    assert [frame.header["bits"] for frame in costs] == pytest.approx(ours)


@pytest.mark.parametrize("change", [{"steps": 1}, {"steps": 41}, {"seed": -1}, {"prompt": 3}, {"w": 2}])
def test_a_run_that_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/film", json=RUN | change).status_code == 400


@pytest.mark.parametrize("change", [{"steps": 1}, {"photo": "none"}, {"prompt": "a"}])
def test_a_price_that_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/film/prices", json=COST | change).status_code == 400


def test_the_film_is_wound_and_the_text_says_its_numbers(read):
    reader = read()
    figure = reader.figure("film")
    reader.settled("film")
    paid = reader.readouts("film")["paid"]
    figure.locator("#film-t").press("End")
    end = reader.readouts("film")
    assert end["coarse"] == pytest.approx(1.0)
    assert end["fine"] == pytest.approx(1.0)
    assert end["paid"] > paid
    box = figure.locator(".frames").bounding_box()
    reader.page.mouse.move(box["x"] + 5, box["y"] + 10)
    reader.page.mouse.down()
    reader.page.mouse.up()
    assert figure.locator("#film-t").input_value() == "1"
    assert "each of the 20 steps" in reader.page.locator("#s2-5").inner_text()
    figure.get_by_text("10", exact=True).click()
    reader.settled("film")
    assert figure.locator("#film-t").get_attribute("max") == "10"
    assert figure.locator(".prices rect").count() == 9

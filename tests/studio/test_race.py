"""The race at equal cost: every lane within its budget, measured by a run that is nearly exact."""

import numpy as np
import pytest

from sfumato.errors import RecipeError
from sfumato.studio.api_race import BUDGETS, SPACINGS
from sfumato.studio.frames import decode
from sfumato.studio.futures import pictures
from sfumato.studio.race import LANES, affordable, finish, reference

COURSE = {"prompt": "a red apple", "seed": 5, "spacing": "trailing"}
MODEL = {"seed": 5, "spacing": "trailing"}


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("budget", [1, 2, 3, 8])
def test_nobody_asks_more_often_than_is_allowed(tiny_model, spacing, budget):
    for kind in LANES:
        end = finish(tiny_model, kind, "a red apple", seed=5, evaluations=budget, spacing=spacing)
        assert end.evaluations <= budget
        assert end.evaluations > budget - (2 if kind == "heun" else 1)


def test_heun_pays_twice_but_for_its_ends(tiny_model):
    schedule = tiny_model.bundle.schedule
    assert [affordable(schedule, "heun", "trailing", n) for n in (1, 2, 3, 4, 10)] == [1, 2, 2, 3, 6]
    assert affordable(schedule, "heun", "karras", 10) == 5
    assert affordable(schedule, "ddim", "trailing", 10) == 10


def test_a_lane_is_what_generate_draws(tiny_model):
    settings = {"sampler": "heun", "steps": 3, "guidance": 1.0, "grid": "trailing", "seed": 5}
    *_, last, _ = tiny_model.trace("a red apple", **settings)
    end = finish(tiny_model, "heun", "a red apple", evaluations=4, **MODEL)
    np.testing.assert_array_equal(end.x_0, last.x_next.numpy()[0])


def test_errors_fall_on_the_curve_and_not_off_it(tiny_model):
    goal = reference(tiny_model, "a red apple", **MODEL)
    errors = {
        kind: [finish(tiny_model, kind, "a red apple", evaluations=n, **MODEL).error(goal) for n in (8, 32)]
        for kind in LANES
    }
    assert goal.error(goal) == 0.0
    assert goal.evaluations in (95, 96)
    for kind in ("ddim", "heun", "dpmpp-2m"):  # by how much: tests/proofs, on smooth fields
        assert errors[kind][1] < 0.7 * errors[kind][0]
    assert errors["ddpm"][1] > 10 * errors["ddim"][1]


@pytest.mark.parametrize(("spacing", "evaluations"), [("none", 4), ("trailing", 0)])
def test_what_is_no_race(tiny_model, spacing, evaluations):
    with pytest.raises(RecipeError, match="expected 1 or more"):
        affordable(tiny_model.bundle.schedule, "ddim", spacing, evaluations)


def test_the_api_says_the_same(client, tiny_model):
    first, *lanes, done = decode(client.post("/api/v1/race", json=COURSE | {"evaluations": 3}).content)
    goal = reference(tiny_model, "a red apple", **MODEL)
    assert done.type == "done"
    np.testing.assert_allclose(first.arrays["picture"], pictures(tiny_model, goal.x_0[None])[0], atol=2e-3)
    assert [frame.header["kind"] for frame in lanes] == list(LANES)
    for frame in lanes:
        end = finish(tiny_model, frame.header["kind"], "a red apple", evaluations=3, **MODEL)
        assert frame.header["error"] == pytest.approx(end.error(goal), rel=1e-3)
        assert (frame.header["steps"], frame.header["evaluations"]) == (end.steps, end.evaluations)
    *points, _ = decode(client.post("/api/v1/race/curves", json=COURSE).content)
    assert [(p.header["budget"], p.header["kind"]) for p in points] == [(b, kind) for b in BUDGETS for kind in LANES]


@pytest.mark.parametrize(
    "change", [{"evaluations": 0}, {"evaluations": 33}, {"spacing": "x"}, {"spacing": 3}, {"photo": "harbour"}]
)
def test_what_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/race", json=COURSE | {"evaluations": 3} | change).status_code == 400


def test_the_text_says_its_numbers_and_the_curve_chooses_the_budget(read):
    reader = read()
    figure = reader.figure("race")
    reader.settled("race")
    text = reader.page.locator("#s2-6").inner_text()
    assert "DDIM ends nearer" not in text
    assert "a factor of about two" not in text
    box = figure.locator(".curve .front").bounding_box()
    reader.page.mouse.move(box["x"] + 52, box["y"] + 60)
    reader.page.mouse.down()
    reader.page.mouse.up()
    reader.settled("race")
    assert figure.locator("#race-t").input_value() == "1"
    assert reader.readouts("race")["heun_steps"] == 1
    assert "last slope" in figure.locator(".legend").inner_text()

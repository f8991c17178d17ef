"""A run's recipe raced by other samplers, and its attention checked by hiding words: over the wire and in the page."""

import numpy as np
import pytest
from test_page import AXE, VIEWS
from test_playground import ASKED as PLACE
from test_playground import drawn

from sfumato.studio.attention import look, looked_at
from sfumato.studio.frames import decode
from sfumato.studio.photo import shipped
from sfumato.studio.questions import _told, ablation
from sfumato.studio.race import LANES, raced

ASKED = {"prompt": "a red apple", "negative": "a cat", "seed": 5, "steps": 4, "w": 3.0, "sampler": "euler"}


@pytest.fixture
def name(client):
    return next(decode(client.post("/api/v1/runs", json=ASKED).content)).header["run"]


def test_each_lane_is_what_the_recipe_draws_with_that_sampler(client, studio, tiny_model, name):
    goal, *lanes, _ = decode(client.post("/api/v1/ask/race", json={"run": name, "evaluations": 4}).content)
    assert goal.header["lanes"] == ["euler", *LANES] == [lane.header["kind"] for lane in lanes]
    run = studio.runs.get(name)
    settings = {"seed": 5, "negative": "a cat", "guidance": run.recipe.guidance, "grid": run.recipe.grid}
    for lane in lanes:
        kind, steps = lane.header["kind"], lane.header["steps"]
        *_, last, _ = tiny_model.trace("a red apple", sampler={"kind": kind}, steps=steps, **settings)
        end = raced(tiny_model, run.recipe, kind, 4)
        np.testing.assert_array_equal(end.x_0, last.x_next.numpy()[0])
        assert lane.header["evaluations"] == end.evaluations <= 4
        assert lane.header["errors"][-1][0] == end.evaluations
    own = next(lane for lane in lanes if lane.header["kind"] == "euler")
    kept = run.kept[-1].step.x_next.numpy()[0]
    np.testing.assert_array_equal(raced(tiny_model, run.recipe, own.header["kind"], 4).x_0, kept)


def test_the_guess_ends_at_the_end(tiny_model):
    recipe = tiny_model.recipe("a red apple", seed=5, guidance=3.0)
    goal = raced(tiny_model, recipe, "heun", 40)
    end = raced(tiny_model, recipe, "ddim", 8)
    spent, far = zip(*end.errors(goal), strict=True)
    assert spent == tuple(range(1, 9))
    assert far[-1] == pytest.approx(end.error(goal), rel=1e-4)


def test_hiding_a_word_is_what_the_network_says_without_it(client, studio, tiny_model, name):
    frame, _ = decode(client.post("/api/v1/ask/ablation", json={"run": name, "step": 2}).content)
    run = studio.runs.get(name)
    step, cond = run.kept[2].step, _told(tiny_model, run.recipe, "a red apple")
    believed = tiny_model.bundle.denoiser(step.prediction.x_t, step.here, cond).x0_hat.numpy()[0]
    count = len(cond.words[0])
    assert frame.header["words"] == list(cond.words[0])
    assert frame.header["size"] == [8, 8]
    for k in range(count):
        mask = cond.mask.clone()
        mask[0, k] = False
        row = type(cond)(cond.tokens, mask, cond.words, cond.pooled, cond.dials)
        less = tiny_model.bundle.denoiser(step.prediction.x_t, step.here, row).x0_hat.numpy()[0]
        expected = np.sqrt(((less - believed) ** 2).mean(0))
        np.testing.assert_allclose(frame.arrays["changes"][k], expected, atol=1e-5)
    assert frame.arrays["changes"].max() > 1e-3


def test_the_other_side_is_checked_too(client, tiny_model, studio, name):
    frame, _ = decode(client.post("/api/v1/ask/ablation", json={"run": name, "step": 0, "side": "negative"}).content)
    assert frame.header["words"] == ["[CLS]", "a", "cat", "[SEP]"]
    found = ablation(tiny_model, studio.runs.get(name), 0, "negative")
    np.testing.assert_array_equal(frame.arrays["changes"], found.changes)


def test_the_article_and_the_playground_ask_the_same(tiny_model):
    whole = look(tiny_model, shipped(), seed=5, i=800, prompt="a red apple")
    cond = _told(tiny_model, tiny_model.recipe("a red apple"), "a red apple")
    again = looked_at(tiny_model, whole.belief.x_t, whole.belief.level, cond)
    np.testing.assert_array_equal(again.changes, whole.changes)


@pytest.mark.parametrize("change", [{"evaluations": 0}, {"evaluations": 65}, {"run": "x"}, {"kind": "ddim"}])
def test_what_is_no_race_is_refused(client, name, change):
    assert client.post("/api/v1/ask/race", json={"run": name, "evaluations": 4} | change).status_code == 400


@pytest.mark.parametrize("view", VIEWS)
def test_the_race_runs_under_the_stage_without_barriers(read, running, view):
    reader = drawn(read(running, PLACE, **VIEWS[view]))
    reader.page.locator("#race").click()
    rows = "document.querySelectorAll('#lanes tbody tr').length === 4"
    settled = f"() => {rows} && !document.querySelector('#lanes[aria-busy]')"
    reader.page.wait_for_function(settled)
    error = "document.querySelector('[data-readout=race-ddim]').dataset.value"
    before = float(reader.page.evaluate(error))
    reader.page.locator("#budget").fill("32")
    reader.page.wait_for_function(f"before => Number({error}) !== before", arg=before)
    reader.page.wait_for_function(settled)
    assert float(reader.page.evaluate(error)) < before
    reader.page.evaluate(AXE)
    found = reader.page.evaluate("async () => (await axe.run('#stage')).violations")
    assert not [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= reader.page.viewport_size["width"]
    reader.page.locator("#stage").focus()
    reader.page.keyboard.press("r")
    assert reader.page.locator("#lanes").count() == 0
    assert reader.said == []


def test_a_map_is_checked_by_hiding_its_word(read, running):
    reader = drawn(read(running, PLACE))
    reader.page.locator("#tab-attention").click()
    reader.page.wait_for_selector(".tile.heat")
    assert reader.page.locator(".tile.heat").count() == 1
    reader.page.locator("#ablate").click()
    reader.page.wait_for_function("() => document.querySelectorAll('.tile.heat').length === 2")
    value = "name => Number(document.querySelector(`[data-readout=${name}]`).dataset.value)"
    changes = [reader.page.evaluate(value, f"change-{k}") for k in range(5)]
    assert max(changes) > 1e-3
    assert len(set(changes)) == 5
    before = reader.page.evaluate(value, "rank-3")
    assert -1 <= before <= 1
    reader.page.get_by_label("Layer").select_option("1")
    assert reader.page.evaluate(value, "rank-3") != before
    reader.page.locator("#scrub").fill("1")
    gone = "before => Number(document.querySelector('[data-readout=change-3]')?.dataset.value ?? before) !== before"
    reader.page.wait_for_function(gone, arg=changes[3])
    assert reader.said == []

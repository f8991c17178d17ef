"""What the figures of the first chapter are for: what a reader must see in each, and what each does by hand."""

import numpy as np
import pytest
from reading import code_of, python_says, until

from sfumato.process.schedules import schedule_from
from sfumato.studio.photo import x_0


@pytest.fixture
def reader(read):
    return read()


def test_equal_ratios_are_equal_pictures(reader):
    figure = reader.figure("schedules")

    def pictures():
        return figure.locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")

    assert len(set(pictures())) == 4
    figure.get_by_text("signal-to-noise ratio", exact=True).click()
    until(lambda: len(set(pictures())) == 1)


def test_the_readers_schedule_is_drawn_by_keyboard_and_goes_everywhere(reader):
    figure = reader.figure("schedules")
    grip = figure.get_by_role("slider", name="Your schedule at t 334")
    grip.focus()
    for _ in range(4):
        reader.page.keyboard.press("ArrowUp")
    assert grip.get_attribute("aria-valuetext") == "+12 decibels"
    assert "points=40.0,12.0" in reader.page.evaluate("location.hash")
    there = reader.figure("jump")
    assert "your own schedule" in there.inner_text()
    assert python_says(code_of(there))["alpha"] == pytest.approx(reader.readouts("jump")["alpha"], abs=1e-6)
    reader.page.reload()
    reader.figure("jump")
    assert "your own schedule" in reader.page.locator("[data-figure=jump]").inner_text()


def test_the_rings_are_dragged(reader):
    figure = reader.figure("schedules")
    ring = figure.get_by_role("slider", name="Your schedule at t 667")
    ring.scroll_into_view_if_needed()
    box = ring.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = float(ring.get_attribute("aria-valuenow"))
    reader.page.mouse.move(x, y)
    reader.page.mouse.down()
    reader.page.mouse.move(x, y + 30, steps=4)
    reader.page.mouse.up()
    assert float(ring.get_attribute("aria-valuenow")) < before - 5


def test_the_walk_is_taken_and_python_takes_it_too(reader):
    figure = reader.figure("jump")
    figure.locator("#jump-t").fill("30")
    figure.get_by_role("button", name="Walk 30 steps").click()
    reader.page.wait_for_selector("[data-readout=difference]")
    shown = reader.readouts("jump")
    assert 0 < shown["difference"] < 1e-5
    assert python_says(code_of(figure))["difference"] == pytest.approx(shown["difference"], rel=2e-3)
    figure.locator("#jump-t").fill("31")
    reader.page.wait_for_selector("[data-readout=difference]", state="detached")


def test_noise_is_never_redrawn_more_than_twice_a_second(reader):
    figure = reader.figure("jump")
    figure.locator("canvas").nth(1).wait_for()
    changes, took = figure.evaluate(
        """async (figure) => {
        const button = [...figure.querySelectorAll('button')].find(one => one.textContent.startsWith('New'));
        const canvas = figure.querySelectorAll('canvas')[1], begin = performance.now();
        let before = canvas.toDataURL(), changes = 0;
        while (performance.now() - begin < 1900) {
          button.click();
          await new Promise(requestAnimationFrame);
          const now = canvas.toDataURL();
          if (now !== before) changes++;
          before = now;
        }
        return [changes, performance.now() - begin]; }"""
    )
    assert 1 <= changes <= 1 + took / 500


def test_one_step_is_invisible_and_a_thousand_are_not(reader):
    figure = reader.figure("staircase")
    figure.locator("#staircase-t").fill("1")
    first = reader.readouts("staircase")
    assert first["step_grey"] == pytest.approx(1.275)
    assert first["likeness"] > 0.999
    figure.locator("#staircase-t").fill("1000")
    assert reader.readouts("staircase")["likeness"] < 0.05


def test_it_plays_when_first_seen_and_any_touch_stops_it(read):
    moving = read(reduced_motion="no-preference")
    figure = moving.figure("staircase")
    slider = figure.locator("#staircase-t")
    figure.get_by_role("button", name="Pause").wait_for()
    further = "before => Number(document.querySelector('#staircase-t').value) > before"
    moving.page.wait_for_function(further, arg=int(slider.input_value()))
    slider.press("ArrowRight")
    figure.get_by_role("button", name="Play").wait_for()
    stood = slider.input_value()
    moving.page.wait_for_timeout(300)
    assert slider.input_value() == stood


def test_where_stillness_is_wanted_play_shows_the_end(reader):
    figure = reader.figure("staircase")
    reader.page.wait_for_timeout(300)
    assert figure.locator("#staircase-t").input_value() == "250"
    figure.get_by_role("button", name="Play").click()
    assert figure.locator("#staircase-t").input_value() == "1000"


def test_the_best_observer_is_as_good_as_the_formula_says(reader):
    figure = reader.figure("twophotos")
    shown = reader.readouts("twophotos")
    a, b = (x_0(name).astype(np.float64) for name in ("harbour", "mountain"))
    assert shown["distance"] == pytest.approx(np.linalg.norm(a - b), rel=1e-6)
    figure.get_by_role("button", name="4 000 trials").click()
    trials = reader.readouts("twophotos")["trials"]
    assert trials == pytest.approx(shown["accuracy"], abs=4 * 0.5 / 4000**0.5)
    figure.get_by_text("cosine").click()
    assert reader.readouts("twophotos")["accuracy"] == pytest.approx(0.5, abs=0.01)
    figure.get_by_text("scaled linear").click()
    assert reader.readouts("twophotos")["accuracy"] > 0.9999
    level = schedule_from({"kind": "scaled-linear"}).at(1000)
    assert reader.readouts("twophotos")["snr"] == pytest.approx((level.alpha / level.sigma) ** 2)


def test_on_the_second_schedule_the_observer_names_the_photo_every_time(reader):
    figure = reader.figure("twophotos")
    figure.get_by_text("scaled linear").click()
    truths = set()
    for k in range(1, 7):
        figure.get_by_role("button", name="It is A").click()
        verdict = figure.locator(".verdict")
        truths.add(verdict.locator("b").inner_text())
        assert f"Best observer: {k} of {k}." in verdict.inner_text()
        reader.page.wait_for_timeout(600)
        verdict.get_by_role("button", name="Next").press("Enter")
        verdict.get_by_role("button", name="It is A").wait_for()
    assert truths == {"A", "B"}


def test_playing_does_not_flash(read):
    """WCAG 2.2, 2.3.1: at most three flashes a second. A flash is a pair of opposing changes of luminance by 10 %."""
    moving = read(reduced_motion="no-preference")
    figure = moving.figure("staircase")
    figure.get_by_role("button", name="Pause").wait_for()
    seen = figure.evaluate(
        """async (figure) => {
        const context = figure.querySelector('canvas').getContext('2d'), begin = performance.now(), all = [];
        while (performance.now() - begin < 1000) {
          const { data } = context.getImageData(0, 0, 128, 128), row = [];
          for (let p = 0; p < 128 * 128; p += 67) row.push((data[4 * p] + data[4 * p + 1] + data[4 * p + 2]) / 765);
          all.push(row);
          await new Promise(requestAnimationFrame);
        }
        return all; }"""
    )
    assert len(seen) > 5
    assert np.abs(np.diff(seen, axis=0)).max() > 0.0
    assert np.percentile([swings(light) for light in np.transpose(seen)], 99) <= 3


def swings(light):
    """Opposing changes of at least a tenth in one place."""
    count, turn, rising = 0, light[0], None
    for value in light:
        if abs(value - turn) >= 0.1 and (value > turn) != rising:
            count, rising, turn = count + 1, value > turn, value
        elif rising is not None and (value > turn) == rising:
            turn = value
    return count


def test_the_flash_counter_sees_flashes():
    assert swings([0, 1, 0, 1, 0]) == 4
    assert swings(np.linspace(0, 1, 50)) == 1
    assert swings([0.5, 0.55, 0.5, 0.55]) == 0

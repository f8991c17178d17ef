"""The playground in a browser: drawn live, scrubbed, played, stopped, forked, kept; without barriers."""

import time
from itertools import pairwise

import pytest
from test_page import AXE, VIEWS

from sfumato.studio.runs import Run

ASKED = "playground#prompt=a+red+apple&seed=5&steps=5&w=3&sampler=ddim&eta=0&grid=trailing"


def drawn(reader):
    """Press Draw and wait for the end of the run."""
    before = reader.page.locator("#history li").count()
    reader.page.get_by_role("button", name="Draw", exact=True).click()
    return ended(reader, before + 1)


def ended(reader, count):
    """Wait until so many runs are listed and none is being drawn."""
    reader.page.wait_for_function(
        "count => document.querySelectorAll('#history li').length === count "
        "&& !document.querySelector('[aria-busy=true]') && document.querySelector('#scrub')",
        arg=count,
    )
    return reader


def readouts(reader):
    found = reader.page.locator("#evidence [data-readout]")
    return dict(found.evaluate_all("all => all.map(one => [one.dataset.readout, one.dataset.value])"))


def pixels(reader, k):
    """The bytes of a picture on the stage: 0 is what the model holds, 1 its guess."""
    canvas = reader.page.locator("#stage .tile canvas").nth(k)
    return canvas.evaluate("one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.join()")


@pytest.fixture
def fresh(read, running):
    """A page at a server that nobody else has asked."""
    return lambda place=ASKED, **options: read(running, place, **options)


def test_a_run_is_drawn_and_asks_nobody_else(fresh, running, tiny_model):
    reader = drawn(fresh())
    (picture,) = tiny_model.generate("a red apple", seed=5, steps=5, guidance=3.0, sampler="ddim")
    ((_, run),) = running.studio.runs.all()
    assert run.picture.pixels_sha256 == picture.pixels_sha256
    shown = [int(v) for v in pixels(reader, 1).split(",")]
    assert [v for k, v in enumerate(shown) if k % 4 < 3] == list(picture.image.tobytes())
    assert reader.page.locator("#scrub").input_value() == "5"
    assert reader.hosts <= {running.address.rstrip("/"), "data:"}
    assert reader.said == []


def test_every_step_can_be_gone_back_to(fresh):
    reader = drawn(fresh())
    seen = []
    for at in range(1, 6):
        reader.page.locator("#scrub").fill(str(at))
        seen.append((pixels(reader, 0), pixels(reader, 1), readouts(reader)["t"]))
    assert all(len(set(column)) == 5 for column in zip(*seen, strict=True))
    assert readouts(reader)["spent"] == "5"


def test_keys_go_through_the_steps_but_not_while_something_is_typed(fresh):
    reader = drawn(fresh())
    scrub, press = reader.page.locator("#scrub"), reader.page.keyboard.press
    reader.page.locator("#stage").focus()
    for key, value in (("Home", "1"), ("ArrowRight", "2"), ("End", "5"), ("ArrowLeft", "4"), ("Shift+ArrowLeft", "1")):
        press(key)
        assert scrub.input_value() == value
    reader.page.locator("#prompt").focus()
    press("End")
    assert scrub.input_value() == "1"


def test_the_film_goes_to_the_step_that_is_pressed(fresh):
    reader = drawn(fresh())
    film = reader.page.locator(".film").first
    box = film.bounding_box()
    film.click(position={"x": box["width"] * 0.3, "y": 10})
    assert reader.page.locator("#scrub").input_value() == "2"


def test_playing_changes_twice_a_second_at_most(fresh):
    reader = drawn(fresh(reduced_motion="no-preference"))
    reader.page.evaluate(
        "() => { window.seen = []; new MutationObserver(() => window.seen.push(performance.now()))"
        ".observe(document.querySelector('#scrub'), {attributes: true, attributeFilter: ['aria-valuetext']}); }"
    )
    reader.page.locator("#play").click()
    reader.page.wait_for_function("() => document.querySelector('#scrub').value === '5' && window.seen.length >= 5")
    times = reader.page.evaluate("window.seen")
    assert min(b - a for a, b in pairwise(times[1:])) > 400


def test_playing_where_stillness_is_wanted_shows_the_end(fresh):
    reader = drawn(fresh())
    reader.page.locator("#scrub").fill("1")
    reader.page.locator("#play").click()
    reader.page.wait_for_function("() => document.querySelector('#scrub').value === '5'")
    assert reader.page.locator("#play").inner_text() == "Play"


def test_stopping_keeps_what_there_is(fresh, running, monkeypatch):
    """Steps take a while here: the tiny model would be done before anyone could press a key."""
    advance = Run.advance
    monkeypatch.setattr(Run, "advance", lambda run, model: time.sleep(0.1) or advance(run, model))
    reader = fresh(ASKED.replace("steps=5", "steps=100"), reduced_motion="no-preference")
    reader.page.get_by_role("button", name="Draw", exact=True).click()
    reader.page.wait_for_selector("#scrub")
    reader.page.keyboard.press("Escape")
    ended(reader, 1)
    ((_, run),) = running.studio.runs.all()
    for _ in range(100):
        if run.state == "stopped":
            break
        time.sleep(0.05)
    assert run.state == "stopped"
    assert 0 < len(run.kept) < 100
    assert "of 100 steps" in reader.page.locator("#history").inner_text()
    assert reader.said == []


def test_a_fork_shares_what_lies_before(fresh, running):
    reader = drawn(fresh())
    reader.page.locator("#scrub").fill("3")
    before = pixels(reader, 0)
    reader.page.locator("#w").fill("8")
    reader.page.locator("#fork").click()
    ended(reader, 2)
    reader.page.locator("#scrub").fill("3")
    assert pixels(reader, 0) == before
    assert reader.page.locator(".film .shared").count() == 2
    assert "fork of 1 at step 3" in reader.page.locator("#history li").first.inner_text()
    first, second = (run for _, run in sorted(running.studio.runs.all(), key=lambda pair: pair[1].born))
    assert first.kept[1] is second.kept[1]
    assert first.picture.pixels_sha256 != second.picture.pixels_sha256


def test_runs_outlive_the_page_and_are_given_up(fresh):
    reader = drawn(fresh())
    last = pixels(reader, 1)
    reader.page.reload()
    reader.page.locator("#history .pick").click()
    reader.page.wait_for_selector("#scrub")
    reader.page.locator("#scrub").fill("5")
    assert pixels(reader, 1) == last
    reader.page.get_by_role("button", name="Give up run 1").click()
    reader.page.wait_for_function("() => !document.querySelector('#history li') && !document.querySelector('#scrub')")


def test_what_cannot_be_drawn_is_said(fresh):
    reader = fresh(ASKED.replace("eta=0", "eta=3"))
    reader.page.get_by_role("button", name="Draw", exact=True).click()
    assert "eta is 3" in reader.page.get_by_role("alert").inner_text()
    assert reader.page.locator("#history li").count() == 0


def test_without_its_server_it_says_so(fresh, running):
    reader = drawn(fresh())
    running.stop()
    reader.page.get_by_role("button", name="Draw", exact=True).click()
    reader.page.get_by_role("alert").wait_for()
    reader.page.locator("#status", has_text="offline").wait_for()
    assert reader.page.locator("#scrub").count() == 1


def test_the_address_holds_the_recipe(fresh):
    reader = fresh(
        "playground#prompt=a+green+cat&seed=9&steps=7&w=-1&sampler=langevin&snr=0.2&grid=karras&interval=0.2,0.8&nothing=1"
    )
    values = "ids => ids.map(id => document.getElementById(id).value)"
    reader.page.wait_for_selector("#of-snr")
    assert reader.page.evaluate(values, ["prompt", "seed", "steps", "w", "sampler", "grid", "of-snr"]) == [
        "a green cat", "9", "7", "-1", "langevin", "karras", "0.2",
    ]  # fmt: skip
    reader.page.locator("#negative").fill("red & blue")
    assert "negative=red+%26+blue" in reader.page.evaluate("location.hash")
    reader.page.reload()
    reader.page.wait_for_selector("#of-snr")
    assert reader.page.locator("#negative").input_value() == "red & blue"
    assert reader.page.locator("#interval-1").input_value() == "0.8"


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_barrier(read, view):
    reader = read(place=ASKED, **VIEWS[view])
    reader.page.wait_for_selector("#prompt")
    reader.page.wait_for_load_state("networkidle")  # the runs that there are have been listed
    before = reader.page.locator("#history li").count()
    reader.page.get_by_role("button", name="Draw", exact=True).click()
    ended(reader, before + 1)
    reader.page.get_by_role("button", name="Show numbers").click()
    reader.page.evaluate(AXE)
    found = reader.page.evaluate("async () => (await axe.run()).violations")
    assert not [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    for width in (320, reader.page.viewport_size["width"]):
        reader.page.set_viewport_size({"width": width, "height": 800})
        reader.page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
    assert reader.said == []


def test_a_figure_opens_it_with_the_readers_seed(read):
    reader = read()
    reader.page.get_by_label("Seed").fill("41")
    reader.page.get_by_label("Seed").press("Enter")
    figure = reader.figure("jump")
    figure.get_by_role("link", name="Open in playground").click()
    reader.page.wait_for_selector("#seed")
    assert reader.page.locator("#seed").input_value() == "41"
    assert reader.page.locator("#stage .tile").count() == 0, "nothing is drawn before it is asked for"

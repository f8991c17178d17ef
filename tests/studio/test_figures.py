"""Every figure: live, by keyboard, honest to Python, asking only its own server, and plain when that is gone."""

import contextlib
import io

import pytest

FIGURES = {name: f"#{name}-t" for name in ("staircase", "schedules", "jump", "twophotos")}
"""Each figure's main control."""


def python_says(code):
    """What a figure's code prints, by name."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "figure", "exec"), {})
    return {name: float(value) for name, value in (line.split() for line in out.getvalue().splitlines())}


def code_of(figure):
    figure.get_by_role("button", name="Copy as Python").click()
    return figure.locator(".code pre").inner_text()


@pytest.fixture
def reader(read):
    return read()


@pytest.mark.parametrize("name", FIGURES)
def test_it_is_live_and_asks_nobody_else(reader, shared, name):
    figure = reader.figure(name)
    figure.get_by_text("computed live").wait_for()
    assert reader.readouts(name)
    reader.page.wait_for_timeout(500)
    assert reader.said == []
    assert reader.hosts <= {shared.address.rstrip("/"), "data:"}


@pytest.mark.parametrize("name", FIGURES)
def test_the_keyboard_moves_it(reader, name):
    figure = reader.figure(name)
    slider = figure.locator(FIGURES[name])
    before, spoken = reader.readouts(name), slider.get_attribute("aria-valuetext")
    slider.focus()
    for key, value in (("End", "1000"), ("ArrowLeft", "999"), ("Home", "1"), ("ArrowRight", "2")):
        reader.page.keyboard.press(key)
        assert slider.input_value() == value
    after = reader.readouts(name)
    assert after.keys() - {"agreement"} == before.keys() - {"agreement"}
    assert after != before
    assert slider.get_attribute("aria-valuetext") != spoken


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("seed", [7, 2**40 + 1])
def test_python_prints_its_readouts(read, name, seed):
    reader = read()
    reader.page.get_by_label("Seed").fill(str(seed))
    reader.page.get_by_label("Seed").press("Enter")
    figure = reader.figure(name)
    figure.locator(FIGURES[name]).fill("400")
    reader.page.wait_for_timeout(300)
    shown, printed = reader.readouts(name), python_says(code_of(figure))
    assert printed.keys() == shown.keys() - {"agreement"}
    for key, value in printed.items():
        assert shown[key] == pytest.approx(value, rel=2e-3, abs=2e-3), key


@pytest.mark.parametrize("name", FIGURES)
def test_another_seed_and_another_photo_change_it(reader, name):
    figure = reader.figure(name)
    seen = [reader.readouts(name)]
    reader.page.get_by_label("Seed").fill("8")
    reader.page.get_by_label("Seed").press("Enter")
    reader.page.wait_for_timeout(300)
    seen.append(reader.readouts(name))
    reader.page.get_by_role("button", name="The mountain").click()
    reader.page.wait_for_timeout(300)
    seen.append(reader.readouts(name))
    assert seen[0] != seen[1] != seen[2]
    assert figure.locator(".trouble").count() == 0


@pytest.mark.parametrize("name", FIGURES)
def test_numbers_are_a_real_table(reader, name):
    figure = reader.figure(name)
    door = figure.get_by_role("button", name="Show numbers")
    door.press("Enter")
    table = figure.locator(".numbers table")
    assert table.locator("caption").inner_text()
    assert table.locator("tbody tr").count() >= 20
    assert table.locator("tbody th[scope=row]").count() == table.locator("tbody tr").count()
    assert door.get_attribute("aria-expanded") == "true"


@pytest.mark.parametrize("name", FIGURES)
def test_without_its_server_it_says_so(read, running, name):
    reader = read(running)
    figure = reader.figure(name)
    figure.get_by_text("computed live").wait_for()
    running.stop()
    figure.locator(".badge.offline").wait_for()
    figure.get_by_role("button", name="Try again").click()
    assert "offline" in figure.locator(".badge").inner_text()
    assert reader.readouts(name)


def test_equal_ratios_are_equal_pictures(reader):
    figure = reader.figure("schedules")

    def pictures():
        return figure.locator("canvas").evaluate_all("all => all.map(one => one.toDataURL())")

    assert len(set(pictures())) == 4
    figure.get_by_text("signal-to-noise ratio", exact=True).click()
    reader.page.wait_for_timeout(200)
    assert len(set(pictures())) == 1


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
    changes = figure.evaluate(
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
        return changes; }"""
    )
    assert 1 <= changes <= 4

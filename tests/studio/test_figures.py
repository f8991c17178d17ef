"""Every figure: live, by keyboard, honest to Python, asking only its own server, and plain when that is gone."""

import pytest
from reading import Reader, code_of, python_says

FIGURES = {
    name: f"#{name}-t"
    for name in (
        "staircase",
        "schedules",
        "jump",
        "twophotos",
        "futures",
        "xray",
        "faces",
        "triangle",
        "film",
        "race",
        "guidance",
        "attention",
        "lie",
        "machine",
        "losses",
        "straight",
    )
} | {"words": "#words-share", "code": "#code-value", "copies": "#copies-share"}
"""Each figure's main control."""

WITHOUT_PHOTO = {"words", "race", "machine", "copies"}
"""Figures that begin from noise alone."""

WITHOUT_SEED = {"code"}
"""Figures without noise."""


@pytest.fixture(scope="module", params=FIGURES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def reader(chromium, shared, name):
    """One page for each figure, of which everything is asked; it complained of nothing in the end."""
    opened = Reader(chromium, shared)
    yield opened
    opened.context.close()
    assert opened.said == []


def test_it_is_live_and_asks_nobody_else(reader, shared, name):
    figure = reader.figure(name)
    figure.get_by_text("computed live").wait_for()
    assert reader.readouts(name)
    reader.page.wait_for_timeout(500)
    assert reader.said == []
    assert reader.hosts <= {shared.address.rstrip("/"), "data:"}


def test_the_keyboard_moves_it(reader, name):
    figure = reader.figure(name)
    slider = figure.locator(FIGURES[name])
    reader.settled(name)
    before, spoken = reader.readouts(name), slider.get_attribute("aria-valuetext")
    slider.focus()
    low, high = (int(slider.get_attribute(end)) for end in ("min", "max"))
    for key, value in (("End", high), ("ArrowLeft", high - 1), ("Home", low), ("ArrowRight", low + 1)):
        reader.page.keyboard.press(key)
        assert int(slider.input_value()) == value
    reader.settled(name)
    after = reader.readouts(name)
    assert after.keys() - {"agreement"} == before.keys() - {"agreement"}
    assert after != before
    assert slider.get_attribute("aria-valuetext") != spoken


@pytest.mark.parametrize("seed", [7, 2**40 + 1])
def test_python_prints_its_readouts(reader, name, seed):
    reader.page.get_by_label("Seed").fill(str(seed))
    reader.page.get_by_label("Seed").press("Enter")
    figure = reader.figure(name)
    slider = figure.locator(FIGURES[name])
    slider.fill(str(int(slider.get_attribute("max")) * 2 // 5))
    reader.settled(name)
    shown, printed = reader.readouts(name), python_says(code_of(figure))
    assert printed.keys() == shown.keys() - {"agreement"}
    for key, value in printed.items():
        assert shown[key] == pytest.approx(value, rel=2e-3, abs=2e-3), key


def test_another_seed_and_another_photo_change_it(reader, name):
    figure = reader.figure(name)
    reader.settled(name)
    seen = [reader.readouts(name)]
    reader.page.get_by_label("Seed").fill("8")
    reader.page.get_by_label("Seed").press("Enter")
    reader.settled(name)
    seen.append(reader.readouts(name))
    reader.page.get_by_role("button", name="The mountain").click()
    reader.settled(name)
    seen.append(reader.readouts(name))
    assert (seen[0] != seen[1]) == (name not in WITHOUT_SEED)
    assert (seen[1] != seen[2]) == (name not in WITHOUT_PHOTO)
    assert figure.locator(".trouble").count() == 0


def test_numbers_are_a_real_table(reader, name):
    figure = reader.figure(name)
    reader.settled(name)
    door = figure.get_by_role("button", name="Show numbers")
    door.press("Enter")
    table = figure.locator(".numbers table")
    assert table.locator("caption").inner_text()
    assert table.locator("tbody tr").count() >= 8
    assert table.locator("tbody th[scope=row]").count() == table.locator("tbody tr").count()
    assert door.get_attribute("aria-expanded") == "true"


@pytest.fixture
def names():
    """The figures of one page."""
    return list(FIGURES)


def test_without_their_server_they_say_so(read, running, names):
    """Each by itself, on one page whose server went away."""
    reader = read(running)
    for name in names:
        reader.figure(name).get_by_text("computed live").wait_for()
    running.stop()
    for name in names:
        figure = reader.figure(name)
        figure.locator(".badge.offline").wait_for()
        figure.get_by_role("button", name="Try again").click()
        assert "offline" in figure.locator(".badge").inner_text()
        assert reader.readouts(name)

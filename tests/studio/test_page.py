"""The page as a whole: without barriers, in light and dark, wide and narrow, still where stillness is asked for."""

from pathlib import Path

import axe_playwright_python
import pytest

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
VIEWS = {
    "wide": {"color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
WAKE = """async () => {
  for (const place of document.querySelectorAll('[data-figure]')) {
    place.scrollIntoView();
    while (!place.querySelector('[data-readout]')) await new Promise(requestAnimationFrame);
  }
}"""


def awake(read, **options):
    """The article with every figure live."""
    reader = read(**options)
    reader.page.evaluate(WAKE)
    return reader


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_barrier(read, view):
    reader = awake(read, **VIEWS[view])
    for door in ("Show numbers", "Copy as Python"):
        reader.page.evaluate(
            "name => document.querySelectorAll('.doors button').forEach(one => one.innerText === name && one.click())",
            door,
        )
        reader.page.evaluate(AXE)
        found = reader.page.evaluate("async () => (await axe.run()).violations")
        told = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
        assert not told
    assert reader.said == []


def test_nothing_is_wider_than_the_screen(read):
    reader = awake(read)
    for width in (1440, 1180, 768, 390, 320):
        reader.page.set_viewport_size({"width": width, "height": 800})
        reader.page.evaluate(WAKE)
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_theme_follows_the_system_and_the_switch(read):
    reader = read(color_scheme="dark")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    dark = reader.page.evaluate(background)
    reader.page.get_by_text("Settings").click()
    reader.page.locator(".sheet").get_by_text("light", exact=True).click()
    light = reader.page.evaluate(background)
    assert (dark, light) == ("rgb(22, 19, 15)", "rgb(251, 248, 243)")
    reader.page.reload()
    assert reader.page.evaluate(background) == light


def test_stillness_is_kept(read):
    moving = "document.getAnimations().filter(one => one.playState === 'running').length"
    durations = "getComputedStyle(document.querySelector('.reader button')).transitionDuration"
    still = awake(read, reduced_motion="reduce")
    assert still.page.evaluate(moving) == 0
    assert still.page.evaluate(durations) == "0s"
    moves = awake(read, reduced_motion="no-preference")
    assert moves.page.evaluate(durations) != "0s"
    moves.page.get_by_text("Settings").click()
    moves.page.locator(".sheet").get_by_text("off", exact=True).click()
    assert moves.page.evaluate(durations) == "0s"


def test_the_numbers_in_the_text_are_computed(read):
    """What stands in the file is what the page computes, so that the text is true before a script has run."""
    reader = awake(read)
    said = "all => all.map(one => [one.dataset.live, one.textContent])"
    computed = dict(reader.page.locator("[data-live]").evaluate_all(said))
    html = reader.page.evaluate("async () => (await fetch('/')).text()")
    written = reader.page.evaluate(
        "html => [...new DOMParser().parseFromString(html, 'text/html').querySelectorAll('[data-live]')]"
        ".map(one => [one.dataset.live, one.textContent])",
        html,
    )
    assert computed == dict(written)
    assert len(written) >= 10


def test_a_photo_of_the_readers_own(read, tmp_path):
    from PIL import Image

    path = tmp_path / "mine.png"
    Image.new("RGB", (60, 90), (10, 200, 30)).save(path)
    reader = awake(read)
    with reader.page.expect_file_chooser() as chosen:
        reader.page.get_by_role("button", name="Your own photo").click()
    chosen.value.set_files(path)
    reader.page.get_by_role("button", name="Your photo", exact=True).wait_for()
    pixel = "canvas => [...canvas.getContext('2d').getImageData(5, 5, 1, 1).data]"
    small = reader.page.get_by_role("button", name="Your photo", exact=True).locator("canvas")
    assert small.evaluate(pixel) == [10, 200, 30, 255]
    path.write_bytes(b"no picture")
    with reader.page.expect_file_chooser() as chosen:
        reader.page.get_by_role("button", name="Your own photo").click()
    chosen.value.set_files(path)
    assert "could not be read" in reader.page.get_by_role("alert").inner_text()

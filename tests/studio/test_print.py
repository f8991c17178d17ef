"""The article on paper: light, with every figure as it stands and its numbers as a table, and without controls."""

import re
import zlib

import pytest
from test_page import awake

DARK = [(22, 19, 15), (31, 27, 22)]
"""Background and panel of the dark theme."""


def pieces(pdf):
    """The content of every stream of a PDF that is deflated or plain."""
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            yield zlib.decompress(found.group(1))
        except zlib.error:
            yield found.group(1)


def fills(pdf):
    """Every colour in a PDF that something is filled with, as bytes."""
    found = set()
    for piece in pieces(pdf):
        for r, g, b in re.findall(rb"(?<![\d.])(\d?\.?\d+) (\d?\.?\d+) (\d?\.?\d+) rg\b", piece):
            found.add(tuple(round(255 * float(v)) for v in (r, g, b)))
    return found


@pytest.fixture(scope="module")
def printed(chromium, shared):
    """The article of a reader who likes it dark, and its PDF."""
    from reading import Reader

    reader = awake(lambda **options: Reader(chromium, shared, **options), color_scheme="dark")
    reader.page.wait_for_function("() => !document.querySelector('[data-figure] [aria-busy=true]')", timeout=120_000)
    reader.page.get_by_text("Settings").click()
    reader.page.locator(".sheet").get_by_text("dark", exact=True).click()  # printing overrules a browser's taste alone
    pdf = reader.page.pdf(format="A4", tagged=True, prefer_css_page_size=True, print_background=True)
    yield reader, pdf
    reader.context.close()


def test_the_paper_is_light(printed):
    _, pdf = printed
    found = fills(pdf)
    assert len(found) > 3
    assert not found & set(DARK)


def test_every_figure_has_its_table_on_paper_and_not_on_the_screen(printed):
    reader, pdf = printed
    figures = reader.page.locator("[data-figure]").count()
    assert len(re.findall(rb"/S /Table\b", pdf)) >= figures
    assert reader.page.locator("[data-figure] .numbers table").count() == 0


def test_it_is_a_paper_of_some_pages(printed):
    _, pdf = printed
    count = len(re.findall(rb"/Type /Page\b", pdf))
    assert 10 <= count <= 60
    assert len(re.findall(rb"/Subtype /Image\b", pdf)) >= 20


def test_controls_are_words(read):
    reader = read(color_scheme="dark")
    figure = reader.figure("schedules")
    reader.page.emulate_media(media="print", color_scheme="dark")
    shown = "one => getComputedStyle(one).display !== 'none' && one.getClientRects().length > 0"
    assert not figure.locator("input[type=range]").first.evaluate(shown)
    assert figure.locator(".slider .value").first.evaluate(shown)
    chosen = figure.locator(".choice").first.locator("label")
    assert [one.evaluate(shown) for one in chosen.all()].count(True) == 1
    background = "getComputedStyle(document.documentElement).backgroundColor"
    assert reader.page.evaluate(background) == "rgb(255, 255, 255)"
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for hidden in (".top", ".rail", ".reader"):
        assert not reader.page.locator(hidden).evaluate(shown)


def test_what_is_painted_in_the_pages_colours_is_painted_anew(read):
    reader = read(color_scheme="dark")
    reader.figure("attention")
    reader.settled("attention")
    bytes_of = "one.getContext('2d').getImageData(0, 0, one.width, one.height).data"
    brightest = f"(one => Math.max(...{bytes_of}.filter((_, k) => k % 4 === 1)))"
    heat = "document.querySelectorAll('[data-figure=attention] .heat canvas')[1]"
    dark = reader.page.evaluate(f"{brightest}({heat})")
    assert dark < 150, "the most of it is 147 in the dark"
    reader.page.evaluate("() => { dispatchEvent(new Event('beforeprint')); }")
    reader.page.wait_for_function(f"() => {brightest}({heat}) > 150")
    reader.page.evaluate("() => { dispatchEvent(new Event('afterprint')); }")
    reader.page.wait_for_function(f"dark => {brightest}({heat}) === dark", arg=dark)


def test_printing_wakes_every_figure_first(read):
    reader = read()
    told = "window.printed = [document.querySelectorAll('[data-awake]').length]"
    reader.page.evaluate(f"() => {{ window.print = () => {{ {told}; }}; }}")
    reader.page.get_by_text("Settings").click()
    reader.page.get_by_role("button", name="Print the article").click()
    reader.page.wait_for_function("() => window.printed", timeout=180_000)
    assert reader.page.evaluate("window.printed") == [reader.page.locator("[data-figure]").count()]
    assert reader.page.evaluate("document.querySelectorAll('[data-figure] [data-readout]').length") > 40
    assert reader.said == []


def test_a_figure_that_sleeps_says_so(read):
    reader = read()
    asleep = reader.page.locator("[data-figure]:not([data-awake])").last
    reader.page.emulate_media(media="print")
    said = asleep.evaluate("one => getComputedStyle(one, '::after').content")
    assert "was not computed" in said

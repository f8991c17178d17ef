"""The studio of a model whose network is a transformer: every figure that looks into it, the text, the playground."""

import pytest
from reading import Reader, serving
from test_evidence import test_every_page_of_evidence_is_there_without_barriers  # noqa: F401
from test_figures import (  # noqa: F401
    FIGURES,
    test_another_seed_and_another_photo_change_it,
    test_it_is_live_and_asks_nobody_else,
    test_numbers_are_a_real_table,
    test_python_prints_its_readouts,
    test_the_keyboard_moves_it,
    test_without_their_server_they_say_so,
)
from test_page import AXE, VIEWS
from test_playground import ASKED as PLACE
from test_playground import drawn

from sfumato.studio.desk import Desk
from sfumato.studio.studio import Studio
from tiny import write_transformer


@pytest.fixture(scope="module")
def shared(transformer_folder):
    """The server of this file's readers."""
    made = Studio(Desk(str(transformer_folder)))
    with serving(made) as found:
        yield found
    made.desk.close()


@pytest.fixture
def studio(transformer_folder):
    """That of `running`."""
    made = Studio(Desk(str(transformer_folder)))
    yield made
    made.desk.close()


INSIDE = ("xray", "faces", "attention", "machine")
"""The figures that look into the network, or at what it costs."""


@pytest.fixture(scope="module", params=INSIDE)
def name(request):
    """One of them."""
    assert request.param in FIGURES
    return request.param


@pytest.fixture
def names():
    """All of them."""
    return list(INSIDE)


@pytest.fixture(scope="module", name="reader")
def reader_of_one_figure(chromium, shared, name):
    """One page for each figure, of which everything is asked; it complained of nothing in the end."""
    opened = Reader(chromium, shared)
    yield opened
    opened.context.close()
    assert opened.said == []


def pressed(reader, *names):
    """Press the figure's buttons of these names by keyboard, and say what it reads then."""
    for each in names:
        reader.figure("xray").get_by_role("button", name=each, exact=True).press("Enter")
        reader.settled("xray")
    return reader.readouts("xray")


def switch(reader, name):
    """The button of a branch or a kind of branch, by the beginning of its name."""
    return reader.figure("xray").locator(f"button[aria-label^='Switch off {name}']")


def test_what_is_switched_off_is_missed_but_not_behind_a_shut_gate(read):
    reader = read()
    figure = reader.figure("xray")
    reader.settled("xray")
    assert figure.locator(".branch").count() == 9
    for name, missed in (("attention of block 2", False), ("feed-forward of block 2", False), ("cross", True)):
        switch(reader, name).first.press("Enter")
        reader.settled("xray")
        assert (reader.readouts("xray")["moved"] > 1e-4) == missed, name
    assert pressed(reader, "Switch all on again")["moved"] == 0.0
    assert figure.locator("[aria-pressed=true].branch").count() == 0


def test_a_kind_of_branch_is_switched_off_in_all_blocks_and_on_again(read):
    reader = read()
    figure = reader.figure("xray")
    reader.settled("xray")
    assert pressed(reader, "Switch off feed-forward in all blocks")["moved"] > 1e-3
    assert figure.locator(".branch[aria-pressed=true]").count() == 3
    assert "off: 3 branches" in figure.inner_text()
    assert pressed(reader, "Switch off feed-forward in all blocks")["moved"] == 0.0


def test_bars_are_gates_and_small_pictures_lie_on_the_patch_grid(read):
    reader = read()
    figure = reader.figure("xray")
    reader.settled("xray")
    widths = figure.locator(".branch").evaluate_all(
        "all => all.map(one => Number(one.querySelector('rect')?.getAttribute('width') ?? -1))"
    )
    assert [width for k, width in enumerate(widths) if k % 3 == 1] == [-1, -1, -1], "cross-attention has no gate"
    assert widths[3] == widths[5] == 0.0
    assert max(widths) == 100.0
    gates = reader.readouts("xray")
    assert widths[0] / widths[2] == pytest.approx(gates["gate_self_attn"] / gates["gate_ff"])
    sizes = figure.locator(".station canvas").evaluate_all("all => all.map(one => [one.width, one.height])")
    assert sizes == 4 * [[4, 4]]
    figure.locator(".station").nth(2).press("Enter")
    reader.settled("xray")
    assert reader.readouts("xray")["gate_ff"] == 0.0
    figure.locator(".station").first.press("Enter")
    reader.settled("xray")
    assert "gate_ff" not in reader.readouts("xray")


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_barrier(read, view):
    reader = read(**VIEWS[view])
    reader.figure("xray")
    reader.settled("xray")
    switch(reader, "attention of block 1").first.press("Enter")
    pressed(reader, "Show numbers", "Copy as Python")
    reader.page.evaluate(AXE)
    found = reader.page.evaluate("async () => (await axe.run('#s2-2')).violations")
    assert not [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= reader.page.viewport_size["width"]
    assert reader.said == []


def test_the_text_speaks_of_what_is_there(read):
    reader = read()
    reader.figure("xray")
    reader.settled("xray")
    said = reader.page.locator("#s2-2").inner_text()
    assert "This network has no such link" in said
    assert "last of its 3 blocks" in said
    assert "here 4 \u00d7 4 of them" in said
    assert "On the left the way leads down" not in said
    assert "The links are what makes" not in said


def test_a_u_nets_text_speaks_of_its_links(chromium, tiny_folder):
    made = Studio(Desk(str(tiny_folder)))
    with serving(made) as running:
        reader = Reader(chromium, running)
        reader.figure("xray")
        reader.settled("xray")
        said = reader.page.locator("#s2-2").inner_text()
        reader.context.close()
    made.desk.close()
    assert "This network has 4 of them among its" in said
    assert "here 4 \u00d7 4 of them" not in said
    assert "Cross-attention has no gate" not in said


def test_attention_is_shown_for_each_block(read):
    reader = read()
    figure = reader.figure("attention")
    reader.settled("attention")
    layers = figure.locator("input[name=attention-layer]")
    assert layers.count() == 1 + 3
    seen = [reader.readouts("attention")["share"]]
    for k in (1, 2, 3):
        layers.nth(k).check()
        reader.settled("attention")
        seen.append(reader.readouts("attention")["share"])
    assert len(set(seen)) == 4
    assert seen[0] == pytest.approx(sum(seen[1:]) / 3)


def test_the_playgrounds_network_opens_into_blocks(read, running):
    reader = drawn(read(running, PLACE))
    reader.page.locator("#tab-network").click()
    reader.page.wait_for_selector(".parts")
    first = reader.page.locator(".parts > li > .part b").all_inner_texts()
    assert [each for each in first if each.startswith("blocks")] == ["blocks.0", "blocks.1", "blocks.2"]
    reader.page.locator(".parts").get_by_role("button", name="blocks.1", exact=False).first.click()
    inside = reader.page.locator(".parts ol b").all_inner_texts()
    assert {"blocks.1.modulation", "blocks.1.self_attn", "blocks.1.cross_attn", "blocks.1.ff"} <= set(inside)
    assert reader.said == []


def test_one_without_words_is_drawn_and_says_why_it_has_no_maps(chromium, tmp_path):
    """Two branches a block; figure 3.2 and the playground say in a line what is missing."""
    made = Studio(Desk(str(write_transformer(tmp_path / "silent", text=False))))
    with serving(made) as running:
        reader = Reader(chromium, running)
        figure = reader.figure("xray")
        reader.settled("xray")
        assert figure.locator(".branch").count() == 6
        assert figure.get_by_text("cross-attention").count() == 0
        assert pressed(reader, "Switch off attention in all blocks")["moved"] > 1e-3
        reader.page.locator("[data-figure=attention]").scroll_into_view_if_needed()
        said = reader.page.locator("[data-figure=attention] [role=alert]").inner_text()
        assert said == "this network looks at no words: it has no cross-attention to show"
        reader.page.goto(running.address + "playground#seed=5&steps=2")
        drawn(reader)
        reader.page.locator("#tab-attention").click()
        assert "looks at no words" in reader.page.locator("#evidence [role=alert]").first.inner_text()
        reader.page.locator("#tab-network").click()
        reader.page.wait_for_selector("#evidence .parts")
        reader.context.close()
    made.desk.close()

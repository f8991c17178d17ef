"""The whole machine: the picture that `generate` draws, each part's numbers, and figure 4.1 that shows it at work."""

from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from sfumato.inspect.numbers import rms
from sfumato.picture import to_bytes
from sfumato.pipeline import encode
from sfumato.studio.frames import decode
from sfumato.studio.machine import Drawn, Moved, Written, parts, run
from sfumato.studio.prompted import read

ASKED = {"prompt": "a red apple", "negative": "a cat", "seed": 5, "steps": 4, "w": 3.0}


@pytest.fixture(scope="module")
def events(tiny_model):
    return list(run(tiny_model, "a red apple", seed=5, steps=4, w=3.0, negative="a cat"))


def test_it_draws_what_generate_draws(tiny_model, events):
    drawn = tiny_model.generate("a red apple", seed=5, steps=4, negative="a cat", guidance=3.0)[0]
    assert [type(event) for event in events] == [Written, *[Moved] * 4, Drawn]
    assert (to_bytes(events[-1].picture[None])[0] == np.asarray(drawn.image)).all()
    np.testing.assert_array_equal(events[-1].x_0, events[4].step.x_next[0])


def test_the_text_is_as_the_encoder_has_it(tiny_model, events):
    text, known = events[0], read(tiny_model, "a red apple")
    assert text.tokens == known.tokens
    np.testing.assert_allclose(text.states, known.states, atol=1e-6)
    cond = encode(tiny_model.bundle.conditioner, ["a red apple"])
    assert text.states.shape == (int(cond.mask.sum()), cond.tokens.shape[2])


def test_evaluations_are_counted_where_they_happen(tiny_model, events):
    assert [event.evaluations for event in events[1:5]] == [2, 4, 6, 8]
    for w in (0.0, 1.0):
        plain = list(run(tiny_model, "a red apple", seed=5, steps=4, w=w))
        assert [event.evaluations for event in plain[1:5]] == [1, 2, 3, 4]
        assert plain[1].numbers()["pull"] == 0.0


def test_numbers_are_of_the_step(events):
    for event in events[1:5]:
        belief, numbers = event.step.prediction, event.numbers()
        assert numbers["holds"] == pytest.approx(rms(belief.x_t))
        assert numbers["moved"] == pytest.approx(rms(event.step.x_next - belief.x_t))
        with_it, without = belief.terms["cond"].x0_hat, belief.terms["null"].x0_hat
        assert numbers["pull"] == pytest.approx(rms(with_it - without))
        np.testing.assert_allclose(belief.x0_hat, without + 3.0 * (with_it - without), atol=1e-5)


def test_every_second_is_somebodys(tiny_model, events, monkeypatch):
    """A slow network's time is the network's, and a slow reader's is nobody's."""
    import time

    denoiser, slow = tiny_model.bundle.denoiser, 0.05

    def late(self, *told):
        time.sleep(slow)
        return answer(self, *told)

    answer = type(denoiser).__call__
    monkeypatch.setattr(type(denoiser), "__call__", late)
    begin, found = time.perf_counter(), []
    for event in run(tiny_model, "a red apple", seed=5, steps=3, w=3.0):
        found.append(event)
        time.sleep(slow)
    whole = time.perf_counter() - begin
    for event in found[1:4]:
        assert event.network >= slow
        assert event.rest >= 0.0
    assert median(event.rest for event in found[1:4]) < slow, "the machine may stall once"
    assert found[1].noise > 0.0
    assert found[2].noise == 0.0
    spent = found[0].seconds + found[-1].seconds + sum(e.noise + e.network + e.rest for e in found[1:4])
    assert spent <= whole - 5 * slow


def test_parts_hold_what_was_trained(tiny_model):
    text, network, decoder = parts(tiny_model)
    net = tiny_model.bundle.denoiser.net
    assert network.numbers == sum(p.numel() for p in getattr(net, "module", net).parameters())
    assert network.bytes == 4 * network.numbers
    vae = tiny_model.bundle.autoencoder.vae
    assert decoder.numbers == sum(p.numel() for p in vae.parameters()) - sum(
        p.numel() for p in vae.encoder.parameters()
    )
    assert text.numbers > 0


def test_a_part_with_nothing_trained_has_nothing(tiny_model):
    from dataclasses import replace

    from sfumato.autoencoder import Pixels
    from sfumato.model import Model

    bare = Model(replace(tiny_model.bundle, autoencoder=Pixels()))
    assert [part.numbers > 0 for part in parts(bare)] == [True, True, False]


def test_the_api_says_the_same(client, tiny_model, events):
    held, text, *steps, end, done = decode(client.post("/api/v1/machine", json=ASKED).content)
    assert [held.type, text.type, end.type, done.type] == ["parts", "text", "picture", "done"]
    assert held.header["network"]["numbers"] == parts(tiny_model)[1].numbers
    assert [tuple(token) for token in text.header["tokens"]] == list(events[0].tokens)
    np.testing.assert_allclose(text.arrays["states"], events[0].states, atol=1e-6)
    assert [frame.header["k"] for frame in steps] == [0, 1, 2, 3]
    for frame, event in zip(steps, events[1:5], strict=True):
        assert frame.header["numbers"] == pytest.approx(event.numbers(), rel=1e-5)
        np.testing.assert_allclose(frame.arrays["x_t"], event.step.prediction.x_t[0], atol=5e-3)
        assert frame.header["network_ms"] > frame.header["rest_ms"] >= 0.0
    np.testing.assert_allclose(end.arrays["x"], events[-1].picture, atol=2e-3)
    np.testing.assert_allclose(steps[3].arrays["guess"], end.arrays["x"], atol=5e-3)


@pytest.mark.parametrize(
    "change",
    [{"steps": 1}, {"steps": 41}, {"seed": -1}, {"prompt": 3}, {"w": 21}, {"w": None}, {"again": -1}, {"t": 5}],
)
def test_a_run_that_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/machine", json=ASKED | change).status_code == 400


def test_the_loop_turns_and_the_reader_winds_it_back(read):
    """What must be seen: the network asked at every step, the decoder once, and every part's own measured share."""
    reader = read()
    figure = reader.figure("machine")
    reader.settled("machine")
    assert reader.readouts("machine")["evaluations"] == 40
    assert figure.locator(".beats rect").count() == 20
    assert figure.locator(".part-of.done").count() == 8
    for part in ("text", "network", "step", "decoder"):
        assert "ms" in figure.locator(f".at-{part} ul").inner_text()
    figure.locator("#machine-t").press("Home")
    first = reader.readouts("machine")
    assert first["evaluations"] == 2
    assert first["holds"] == pytest.approx(1.0, abs=0.2), "the first state is noise"
    pixels = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].join()"
    assert figure.locator(".at-noise canvas").evaluate(pixels) == figure.locator(".at-state canvas").evaluate(pixels)
    figure.locator(".beats").click()
    assert int(figure.locator("#machine-t").input_value()) in (10, 11)
    assert figure.locator(".at-noise canvas").evaluate(pixels) != figure.locator(".at-state canvas").evaluate(pixels)


WATCH = """figure => { window.seen = []; new MutationObserver(() => window.seen.push([performance.now(),
  document.querySelector('.machine .work')?.className ?? '', document.querySelector('#machine-t').value]))
  .observe(figure, {subtree: true, childList: true, attributes: true, characterData: true}); }"""
"""Note which part is lit and which step is shown, whenever the figure changes."""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_parts_are_lit_while_they_work_and_noise_does_not_flash(read, monkeypatch, motion):
    import time

    from sfumato.studio import machine

    def late(self, *told):
        time.sleep(0.15)
        return answer(self, *told)

    answer = machine.Watched.__call__
    monkeypatch.setattr(machine.Watched, "__call__", late)
    reader = read(reduced_motion=motion)
    figure = reader.figure("machine")
    reader.settled("machine")
    figure.locator(".choice").get_by_text("10", exact=True).click()
    reader.settled("machine")
    figure.evaluate(WATCH)
    figure.get_by_role("button", name="Run it again").click()
    reader.settled("machine")
    seen = reader.page.evaluate("window.seen")
    assert any("at-network" in lit for _, lit, _ in seen)
    assert seen[-1][1] == "", "nothing is at work once the picture is there"
    changed = [now for (_, _, before), (now, _, after) in pairwise(seen) if before != after]
    assert all(later - sooner > 400 for sooner, later in pairwise(changed)), "noise is redrawn twice a second at most"
    assert len(changed) > 2 if motion == "no-preference" else len(changed) <= 2


def beats(figure):
    """The network's times of a run, step by step, as the bars show them: a share of the longest, in full precision."""
    return figure.locator(".beats rect").evaluate_all("bars => bars.map(bar => Number(bar.getAttribute('height')))")


def run_to(reader, evaluations):
    """Wait for the end of a run that asks so often: it begins a moment after what was changed."""
    reader.page.wait_for_function(
        "wanted => { const place = document.querySelector('[data-figure=machine]');"
        " return place.querySelector('[data-readout=evaluations]')?.dataset.value === wanted"
        " && !place.querySelector('[aria-busy=true]') }",
        arg=str(evaluations),
        timeout=60_000,
    )


def test_it_runs_again_and_goes_to_the_playground(read):
    reader = read()
    figure = reader.figure("machine")
    reader.settled("machine")
    before, times = reader.readouts("machine"), beats(figure)
    assert len(times) == 20
    figure.locator(".choice").get_by_text("10", exact=True).click()
    run_to(reader, 20)
    figure.locator("#machine-w").fill("1")
    run_to(reader, 10)
    assert reader.readouts("machine")["pull"] == 0, "w = 1 asks once a step"
    figure.locator("#machine-w").fill("5")
    figure.locator(".choice").get_by_text("20", exact=True).click()
    run_to(reader, 40)
    with reader.page.expect_request("**/api/v1/machine"):  # the figure says that it is busy before it asks
        figure.get_by_role("button", name="Run it again").click()
    run_to(reader, 40)
    assert reader.readouts("machine") == before, "the same run has the same numbers"
    assert beats(figure) != times, "and its own times"
    assert "%" in reader.page.locator(".live-machine-share").inner_text()
    figure.get_by_role("link", name="Open in playground").click()
    reader.page.get_by_label("Steps").wait_for()
    assert "steps=20&w=5" in reader.page.url
    assert reader.said == []

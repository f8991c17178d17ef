"""Is the studio quick enough to play with?  Goals: first figure in 2 s, a slider at 60 frames/s, evaluation in 60 ms.

    python benchmarks/studio.py [--repeats 7] [--chromium PATH] [--model tavola]

A real server with the model, asked once before anything is timed, and a real browser: Debian's chromium, without a
screen, drawing in software (told to use a graphics processor where there is none, it imitates one, slowly). First
figure: from asking for the page, in a browser that has nothing of it kept, until the first figure shows its numbers.
Slider: the time step of figure 1.2, whose mathematics the browser does itself, is moved at every frame of two seconds;
frames a second, and the longest frame. Evaluation: one unguided call of the network through the package, one picture,
all threads. Medians with their range.
"""

import argparse
import shutil
import statistics
import threading
import time
from collections.abc import Sequence

from playwright.sync_api import Browser, sync_playwright

import sfumato
from sfumato.cli.threads import Threads
from sfumato.pipeline import Encoded, Step
from sfumato.studio.desk import Desk
from sfumato.studio.serve import bound, server
from sfumato.studio.studio import Studio

MOVED = """
slider => new Promise(done => {
  const begin = performance.now(), frames = [];
  const move = now => {
    frames.push(now);
    slider.value = String(Number(slider.min) + (37 * frames.length) % (Number(slider.max) - Number(slider.min)));
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    if (now - begin < 2000) return requestAnimationFrame(move);
    const each = frames.slice(1).map((at, k) => at - frames[k]);
    done([1000 * each.length / (frames.at(-1) - frames[0]), Math.max(...each)]);
  };
  requestAnimationFrame(move);
})
"""


def first_figure(browser: Browser, address: str) -> float:
    """Seconds until the first figure shows numbers, in a new context."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("[data-figure] [data-readout]", timeout=60_000)
    seconds = time.perf_counter() - begin
    context.close()
    return seconds


def frames(browser: Browser, address: str) -> tuple[float, float]:
    """Frames a second while a slider is moved, and the longest one in ms."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(address)
    figure = page.locator("[data-figure=schedules]")
    figure.evaluate("place => place.scrollIntoView({block: 'start'})")
    page.wait_for_selector("[data-figure=schedules] [data-readout]")
    page.wait_for_timeout(1000)
    rate, longest = figure.locator("input[type=range]").first.evaluate(MOVED)
    page.close()
    return rate, longest


def evaluation(name: str, repeats: int) -> list[float]:
    """Milliseconds of one call of the network."""
    model, times = sfumato.load(name), []
    events = list(model.trace("a red apple, 3d render", seed=1, steps=4, guidance=1.0))
    cond = next(event.cond for event in events if isinstance(event, Encoded))
    step = next(event for event in events if isinstance(event, Step))
    for _ in range(repeats + 3):
        begin = time.perf_counter()
        model.bundle.denoiser(step.prediction.x_t, step.here, cond)
        times.append(1e3 * (time.perf_counter() - begin))
    return times[3:]


def said(what: str, values: Sequence[float], unit: str) -> None:
    """A median with its range."""
    print(f"{what}: {statistics.median(values):.3g} {unit} ({min(values):.3g} to {max(values):.3g})", flush=True)


def main() -> None:
    """Serve, look, print."""
    parser = argparse.ArgumentParser(description="The studio's times.")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    parser.add_argument("--model", default="tavola")
    options = parser.parse_args()
    said("evaluation", evaluation(options.model, 3 * options.repeats), "ms")
    listening = bound(0)
    running, address = server(Studio(Desk(options.model, prepare=Threads())), listening)
    threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True).start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"])
        first_figure(browser, address)
        said("first figure", [first_figure(browser, address) for _ in range(options.repeats)], "s")
        moved = [frames(browser, address) for _ in range(options.repeats)]
        said("slider", [rate for rate, _ in moved], "frames/s")
        said("longest frame", [longest for _, longest in moved], "ms")
        browser.close()
    running.should_exit = True


if __name__ == "__main__":
    main()

"""A studio that runs, and a reader at it, as the tests play one."""

import asyncio
import contextlib
import io
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from sfumato.studio.serve import bound, server
from sfumato.studio.studio import Studio


@dataclass
class Running:
    address: str
    studio: Studio
    stop: object


@contextlib.contextmanager
def serving(studio):
    """A real server on a free port of this machine."""
    listening = bound(0)
    running, address = server(studio, listening)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()

    def stop():
        running.should_exit = True
        thread.join(10)
        listening.close()

    for _ in range(100):
        try:
            httpx.get(address)
            break
        except httpx.TransportError:
            time.sleep(0.05)
    try:
        yield Running(address, studio, stop)
    finally:
        stop()


def left(running, path, body):
    """The order of a program that asked for pictures and went away at the first step, once nobody waits any more."""
    line, data = running.studio.line, json.dumps(body).encode()
    host = running.address.removeprefix("http://").rstrip("/")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection(host.split(":")) as connection:
        connection.sendall(head.encode() + data)
        until(lambda: line.current is not None and line.current.step is not None)
        order = line.current
    until(lambda: line.current is None)
    running.studio.desk.ask("left", lambda model: None).result()  # the step that was under way has ended
    return order


def until(true, seconds=30.0):
    """Wait for it."""
    last = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.005)


class Reader:
    """A reader's browser at the article or another page: what it asked for and complained of is kept."""

    def __init__(self, chromium, running, place="", **options):
        self.context = chromium.new_context(
            **({"viewport": {"width": 1440, "height": 1000}, "reduced_motion": "reduce"} | options)
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.said, self.hosts = [], set()
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(re.sub(r"^(\w+:(//[^/]*)?).*", r"\1", request.url)))
        self.page.goto(running.address + place)

    def figure(self, name):
        """The figure, live."""
        place = self.page.locator(f"[data-figure={name}]")
        place.evaluate("place => place.scrollIntoView({block: 'start'})")
        self.page.wait_for_selector(f"[data-figure={name}] [data-readout]", timeout=60_000)
        return place

    def settled(self, name):
        """Wait until no answer is under way."""
        self.page.wait_for_timeout(200)
        self.page.wait_for_selector(f"[data-figure={name}] .figure-box:not([aria-busy=true])", timeout=60_000)
        self.page.wait_for_selector(f"[data-figure={name}] [data-readout]")
        self.page.wait_for_timeout(50)

    def readouts(self, name):
        """What a figure says, by name, once its picture is there."""
        found = self.page.locator(f"[data-figure={name}] [data-readout]")
        pairs = found.evaluate_all("all => all.map(one => [one.dataset.readout, one.dataset.value])")
        return {key: float(value) for key, value in pairs if re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?", value)}


def on_its_own(coroutine):
    """What a coroutine answers, run on another thread: on this one the browser's driver keeps a loop going."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def python_says(code):
    """What a figure's code prints, by name."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "figure", "exec"), {})
    return {name: float(value) for name, value in (line.split() for line in out.getvalue().splitlines())}


def code_of(figure):
    door = figure.get_by_role("button", name="Copy as Python")
    if door.get_attribute("aria-expanded") != "true":
        door.click()
    return figure.locator(".code pre").inner_text()

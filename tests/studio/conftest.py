"""A studio that runs while a test looks at it, with a tiny model; and Debian's chromium where there is one."""

import asyncio
import os
import re
import shutil
import threading
import time
from dataclasses import dataclass

import httpx
import pytest

from sfumato.studio.app import application
from sfumato.studio.desk import Desk
from sfumato.studio.serve import bound, server
from sfumato.studio.studio import Studio

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def studio(tiny_folder):
    made = Studio(Desk(str(tiny_folder)))
    yield made
    made.desk.close()


class Client:
    """Requests straight to an application, without a socket."""

    def __init__(self, app, headers=(), address="http://127.0.0.1"):
        self.transport, self.headers, self.address = httpx.ASGITransport(app), dict(headers), address

    def request(self, method, path, *, headers=(), **options):
        async def ask():
            async with httpx.AsyncClient(transport=self.transport, base_url=self.address) as client:
                return await client.request(method, path, headers=self.headers | dict(headers), **options)

        return asyncio.run(ask())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)


@pytest.fixture
def client(studio):
    """Asks as the studio's own page does."""
    return Client(application(studio), {"x-sfumato-token": studio.token})


@dataclass
class Running:
    address: str
    studio: Studio
    stop: object


@pytest.fixture
def running(studio):
    """A real server on a free port of this machine."""
    listening = bound(0)
    serving, address = server(studio, listening)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()

    def stop():
        serving.should_exit = True
        thread.join(10)
        listening.close()

    for _ in range(100):
        try:
            httpx.get(address)
            break
        except httpx.TransportError:
            time.sleep(0.05)
    yield Running(address, studio, stop)
    stop()


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no chromium here: the pages are tested with Debian's (apt-get install chromium, or CHROMIUM=PATH)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Reader:
    """A reader's browser at the article: what it asked for and complained of is kept."""

    def __init__(self, chromium, running, **options):
        self.context = chromium.new_context(**({"viewport": {"width": 1440, "height": 1000}} | options))
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.said, self.hosts = [], set()
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(re.sub(r"^(\w+:(//[^/]*)?).*", r"\1", request.url)))
        self.page.goto(running.address)

    def figure(self, name):
        """The figure, live."""
        place = self.page.locator(f"[data-figure={name}]")
        place.evaluate("place => place.scrollIntoView({block: 'start'})")
        self.page.wait_for_selector(f"[data-figure={name}] [data-readout]")
        return place

    def readouts(self, name):
        """What a figure says, by name, once its picture is there."""
        found = self.page.locator(f"[data-figure={name}] [data-readout]")
        pairs = found.evaluate_all("all => all.map(one => [one.dataset.readout, one.dataset.value])")
        return {key: float(value) for key, value in pairs if re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?", value)}


@pytest.fixture
def read(chromium, running):
    """Open the article; options are a browser context's (viewport, color_scheme, reduced_motion)."""
    opened = []

    def open_page(**options):
        opened.append(Reader(chromium, running, **options))
        return opened[-1]

    yield open_page
    for reader in opened:
        reader.context.close()

"""A studio that runs while a test looks at it, with a tiny model; and Debian's chromium where there is one."""

import os
import shutil

import httpx
import pytest
from reading import Reader, on_its_own, serving

from sfumato.studio.app import application
from sfumato.studio.desk import Desk
from sfumato.studio.studio import Studio
from tiny import write_transformer

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

        return on_its_own(ask())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)


@pytest.fixture
def client(studio):
    """Asks as the studio's own page does."""
    return Client(application(studio), {"x-sfumato-token": studio.token})


@pytest.fixture
def bare(client):
    """Asks as a program does: without the page's token."""
    client.headers = {}
    return client


@pytest.fixture(scope="module")
def shared(tiny_folder):
    """One server for the tests of a file that leave it as it is."""
    studio = Studio(Desk(str(tiny_folder)))
    with serving(studio) as found:
        yield found
    studio.desk.close()


@pytest.fixture(scope="session")
def transformer_folder(tmp_path_factory):
    """The tiny model with a transformer for its network; the gates of its second block are shut."""
    return write_transformer(tmp_path_factory.mktemp("models") / "tiny-dit", shut=(1,))


@pytest.fixture
def running(studio):
    """A server of its own, for a test that stops it."""
    with serving(studio) as found:
        yield found


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests; each reader has a context of its own, and so storage and settings of its own."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: the pages are tested with Debian's (apt-get install chromium, or CHROMIUM=PATH)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def read(chromium, shared):
    """Open the article, at `shared` or another server; options are a browser context's (viewport, ...)."""
    opened = []

    def open_page(at=shared, place="", **options):
        opened.append(Reader(chromium, at, place, **options))
        return opened[-1]

    yield open_page
    for reader in opened:
        reader.context.close()

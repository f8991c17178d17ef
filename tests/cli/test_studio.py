"""`sfumato studio`: one line with an address on this machine, a page there, and a quiet end."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest


@pytest.fixture
def started(tiny_folder):
    command = [sys.executable, "-m", "sfumato", "studio", "--port", "0", "--no-browser", "--model", str(tiny_folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        yield process
        process.kill()


@pytest.mark.slow
def test_it_serves_the_page_until_it_is_interrupted(started):
    line = started.stdout.readline()
    address = re.search(r"http://127\.0\.0\.1:\d+/", line).group()
    with urllib.request.urlopen(address, timeout=20) as page:
        assert b"How noise becomes a picture" in page.read()
    started.send_signal(signal.SIGINT)
    assert started.wait(20) == 0
    assert started.stderr.read() == ""


def test_a_taken_port_is_said(sfumato, tiny_folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, _, err = sfumato("studio", "--no-browser", "--model", tiny_folder, "--port", port)
    assert code == 2
    assert f"port {port} is in use" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "nothing-like-this"], "nothing-like-this"),
        (["--port", "70000"], "port 70000"),
        (["--data", "no/corpus/here"], "no corpus at no/corpus/here"),
        (["--further", "tests/data"], "give --data too"),
    ],
)
def test_bad_input(sfumato, words, said):
    code, _, err = sfumato("studio", "--no-browser", *words)
    assert code == 2
    assert said in err


def test_without_its_packages_it_says_what_to_install(sfumato, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = sfumato("studio", "--no-browser")
    assert code == 2
    assert 'pip install "sfumato[studio]"' in err

"""The script that turns signs in the samplers: every mutant is caught, and it says so when one is not."""

import sys

import pytest

from by_path import loaded


@pytest.fixture
def script(monkeypatch):
    """The script as a module."""
    yield loaded("scripts/mutate_samplers.py")
    for name in [name for name in sys.modules if name.startswith("mutant_")]:
        del sys.modules[name]


def run(script, monkeypatch, *names: str) -> int:
    monkeypatch.setattr(sys, "argv", ["mutate_samplers.py", *names])
    return script.main()


@pytest.mark.slow
def test_every_mutant_is_caught(script, monkeypatch, capsys):
    assert run(script, monkeypatch) == 0
    table = capsys.readouterr().out
    assert int(table.splitlines()[-1].split()[0]) >= 70
    for stem in (
        "consistency",
        "ddim",
        "ddpm",
        "dpmpp",
        "dpmpp_sde",
        "euler",
        "euler_ancestral",
        "heun",
        "langevin",
        "pndm",
        "unipc",
    ):
        assert f"\n{stem}:" in "\n" + table


def test_a_survivor_is_reported(script, monkeypatch, capsys):
    monkeypatch.setitem(script.PROOFS, "heun", [script.steps_are_linked])
    assert run(script, monkeypatch, "heun") == 1
    assert "SURVIVED" in capsys.readouterr().out


def test_a_sampler_that_fails_as_it_is(script, monkeypatch, capsys):
    monkeypatch.setitem(script.PROOFS, "heun", [lambda cls: False])
    assert run(script, monkeypatch, "heun") == 2
    assert "fails as it is" in capsys.readouterr().out

"""A command line in a folder of its own, with no settings from this machine."""

import pytest

from sfumato.cli.main import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Work in an empty folder, with neither config file nor SFUMATO_* variables."""
    import os

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    for name in [n for n in os.environ if n.startswith("SFUMATO_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def sfumato(capsys, tiny_folder):
    """Run one command line; `generate` draws with the tiny model unless a model is named."""

    def run(*words, model=True):
        words = [str(word) for word in words]
        if words[:1] == ["generate"] and model and "--model" not in words:
            words += ["--model", str(tiny_folder)]
        capsys.readouterr()
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run

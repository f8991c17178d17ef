"""Help, info, inspect, convert, trail; and that a command line starts quickly because it imports little."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sfumato.cli.main import COMMANDS

HEAVY = ("torch", "numpy", "PIL", "transformers", "diffusers", "tokenizers", "safetensors")


def imported(code):
    """Which heavy packages a fresh Python has after running `code`."""
    script = f"{code}\nimport sys\nprint([n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_import_sfumato_is_light():
    assert imported("import sfumato") == "[]"


def test_help_is_light():
    assert imported("from sfumato.cli.main import main\nmain(['--help'])") == "[]"
    assert imported("from sfumato.cli.main import main\nmain(['generate', '--help'])") == "[]"


def test_public_names_are_there():
    import sfumato as package

    assert sorted(package.__all__) == package.__all__
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(sfumato, name):
    code, out, err = sfumato(name, "--help")
    assert (code, err) == (0, "")
    assert f"usage: sfumato {name}" in out
    if name != "train":
        assert "examples:" in out


def test_top_help_names_every_command(sfumato):
    code, out, _ = sfumato("--help")
    assert code == 0
    assert all(f"\n  {name}" in out for name in COMMANDS)
    assert sfumato("--version")[1].startswith("sfumato ")


def test_info(sfumato, tiny_folder):
    code, out, _ = sfumato("info")
    assert code == 0
    assert "cpu" in out
    assert "models" in out
    facts = json.loads(sfumato("info", "--json")[1])
    assert facts["devices"][0]["name"] == "cpu"
    code, out, _ = sfumato("info", tiny_folder)
    assert code == 0
    assert "none: random weights" in out
    assert json.loads(sfumato("info", tiny_folder, "--json")[1])["card"]["licences"] == "Apache-2.0"


def test_a_card_is_read_without_torch(tiny_folder):
    done = imported(f"from sfumato.cli.main import main\nmain(['info', {str(tiny_folder)!r}])")
    assert "torch" not in done


def test_inspect_a_picture(sfumato):
    sfumato("generate", "a red apple")
    code, out, _ = sfumato("inspect", "pictures/a-red-apple-0.png")
    assert code == 0
    assert "a red apple" in out
    assert "marked as made by a trained model" in out
    facts = json.loads(sfumato("inspect", "pictures/a-red-apple-0.png", "--json")[1])
    assert facts["recipe"]["seed"] == 0
    assert len(facts["pixels_sha256"]) == 64


def test_inspect_a_model(sfumato, tiny_folder):
    code, out, _ = sfumato("inspect", tiny_folder)
    assert code == 0
    assert "every file verified" in out
    files = {f["part"]: f for f in json.loads(sfumato("inspect", tiny_folder, "--json")[1])["files"]}
    assert files["denoiser"]["parameters"] > 1000
    assert "parameters" not in files["tokenizer"]
    assert sfumato("inspect", "nothing-like-this")[0] == 2


def test_convert(sfumato, tiny_folder):
    assert sfumato("convert", tiny_folder, "--standalone", "whole")[0] == 0
    assert sfumato("generate", "cats", "--model", "whole")[0] == 0
    assert Path("whole/ATTRIBUTION").is_file()
    code, _, err = sfumato("convert", tiny_folder, "--standalone", "whole")
    assert code == 2
    assert "exists already" in err


def test_trail(sfumato):
    code, out, _ = sfumato("trail")
    assert (code, len(out.splitlines())) == (0, 5)
    paths = [Path(line) for line in sfumato("trail", "--paths")[1].splitlines()]
    assert [p.name for p in paths] == ["pipeline.py", "conditioner.py", "schedule.py", "denoiser.py", "ddim.py"]
    for k, path in enumerate(paths, 1):
        assert f"[trail {k}]" in path.read_text(encoding="utf-8")[:2000]


def test_the_bar_says_how_long_is_left():
    import io

    from sfumato.cli.bar import Bar, spell

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    bar = Bar(4, stream=stream)
    bar.begin -= 10.0
    bar.drawn -= 10.0
    bar(1, "picture 1/2, step 1/2")
    assert "picture 1/2, step 1/2 [######..................]  25% 30 s left" in stream.getvalue()
    silent = io.StringIO()
    Bar(4, stream=silent)(4, "x")
    assert silent.getvalue() == ""
    assert [spell(s) for s in (0.42, 12, 185, 7800)] == ["0.4 s", "12 s", "3 min 05 s", "2 h 10 min"]

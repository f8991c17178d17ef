"""The package's own door: what it names, and what it does not load."""

import importlib
import json
import re
import subprocess
import sys

import pytest
from sources import FILES, ROOT, SRC, name_of

import sfumato

HEAVY = (
    "torch", "transformers", "diffusers", "tensorboard", "pyarrow", "scipy", "tokenizers", "safetensors", "PIL",
    "numpy",
)  # fmt: skip
"""What neither `import sfumato` nor `sfumato --help` may load."""

WITHOUT_TORCH = [
    "types", "errors", "arrays", "rng", "choices", "recipe", "conditioner", "denoiser", "guidance", "autoencoder",
    "pipeline",
    *sorted(name_of(path) for path in FILES if name_of(path).partition(".")[0] in ("process", "samplers")),
]  # fmt: skip


def loaded_by(code: str) -> list[str]:
    """The top-level modules that a fresh interpreter has after running `code`."""
    tail = "\nimport json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    run = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def test_all_is_sorted_complete_and_real():
    assert sfumato.__all__ == sorted(sfumato.__all__)
    assert len(sfumato.__all__) == len(set(sfumato.__all__))
    for name in sfumato.__all__:
        assert getattr(sfumato, name) is not None
        assert name in dir(sfumato)
    public = {name for name in vars(sfumato) if not name.startswith("_")}
    folders = {path.name for path in SRC.iterdir() if path.is_dir()} | {path.stem for path in SRC.glob("*.py")}
    assert public - folders - {"TYPE_CHECKING", "Any"} <= set(sfumato.__all__)


def test_all_is_what_a_type_checker_sees():
    text = (SRC / "__init__.py").read_text(encoding="utf-8")
    assert sorted(re.findall(r"import (\w+) as \1", text)) == sorted(sfumato.__all__)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="sfumatura"):
        sfumato.sfumatura  # noqa: B018


def test_import_loads_nothing_heavy():
    assert not set(HEAVY) & set(loaded_by("import sfumato"))


def test_help_loads_nothing_heavy():
    code = "from sfumato.cli.main import main\ntry:\n    main(['--help'])\nexcept SystemExit as stop:\n    assert not"
    code += " stop.code"
    assert not set(HEAVY) & set(loaded_by(code))


def test_arithmetic_imports_with_torch_blocked():
    code = "import importlib, sys\nsys.modules['torch'] = None\n"
    code += f"for name in {WITHOUT_TORCH!r}:\n    importlib.import_module(f'sfumato.{{name}}')"
    assert "numpy" in loaded_by(code)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_module_imports(path):
    assert importlib.import_module(f"sfumato.{name_of(path)}".rstrip("."))


def test_version_is_stated_once():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## [{sfumato.__version__}]" in changelog
    assert f"\nversion: {sfumato.__version__}\n" in citation

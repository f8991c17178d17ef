"""What the architecture tests read: the files of the package, their syntax trees, the names they import."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "sfumato"
FILES = sorted(SRC.rglob("*.py"))


def name_of(path: Path) -> str:
    """The module's name below the package: samplers/ddim.py -> samplers.ddim, samplers/__init__.py -> samplers."""
    return ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(node: ast.AST) -> set[str]:
    """Every module that is imported below `node`, in functions too, by its full name (relative imports are refused)."""
    found: set[str] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            found |= {alias.name for alias in child.names}
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"relative import in line {child.lineno}"
            found |= {f"{child.module}.{alias.name}" for alias in child.names}
    return found


MODULES = {name_of(path): path for path in FILES}


def imported_modules(path: Path) -> set[str]:
    """The modules of this package that `path` imports, named as in MODULES ("" is the package itself)."""
    found: set[str] = set()
    for full in imported(tree(path)):
        if full == "sfumato" or full.startswith("sfumato."):
            name = full.removeprefix("sfumato").removeprefix(".")
            found.add(name if name in MODULES else name.rpartition(".")[0])
    return found


@cache
def committed() -> tuple[Path, ...]:
    """The files that git tracks and that are there; a folder without git (an unpacked sdist) gives every file."""
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = run.stdout.split("\0")[:-1]
    if run.returncode != 0 or not names:
        return tuple(path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts)
    return tuple(path for path in (ROOT / name for name in names) if path.is_file())


def text_of(path: Path) -> str | None:
    """A committed file's text; None for a binary one."""
    data = path.read_bytes()
    return None if b"\0" in data[:8192] else data.decode("utf-8")

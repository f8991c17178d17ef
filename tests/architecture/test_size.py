"""A file holds one idea (at most 250 lines), a function's body fits a screen (at most 40)."""

import ast

import pytest
from sources import FILES, ROOT, committed, name_of, tree

FILE_LINES = 250
TEST_LINES = 300
"""Tests may run on a little longer: they mirror one file, and cases are lists."""
FUNCTION_LINES = 40

LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()
"""Exceptions, each with its reason in the line above it."""

OURS = FILES + [p for p in committed() if p.suffix == ".py" and not p.is_relative_to(ROOT / "src")]


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_length(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    limit = TEST_LINES if path.is_relative_to(ROOT / "tests") else FILE_LINES
    assert lines <= limit or str(path.relative_to(ROOT)) in LONG_FILES, f"{lines} lines"


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring: plain arguments and a derivation may take the room they need."""
    documented = ast.get_docstring(function) is not None
    body = function.body[1:] if documented else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_function_length(path):
    functions = [n for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f"{name_of(path)}.{f.name}": lines_of(f) for f in functions if lines_of(f) > FUNCTION_LINES}
    assert not long.keys() - LONG_FUNCTIONS, long


def test_a_long_function_is_seen():
    body = "\n".join("    x = 1" for _ in range(FUNCTION_LINES + 1))
    function = ast.parse(f'def f():\n    """Says what."""\n{body}\n').body[0]
    assert lines_of(function) == FUNCTION_LINES + 1


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_no_drawer_for_odds_and_ends(name):
    assert not [path for path in FILES if path.stem == name]

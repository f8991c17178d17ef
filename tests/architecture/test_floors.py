"""Imports point down: from a floor to those below, and never sideways where siblings must not know each other."""

import ast
import graphlib
import sys

import pytest
from sources import FILES, MODULES, imported, imported_modules, name_of, tree

FLOORS = (
    {"types", "errors", "arrays", "rng", "choices", "atomic", "weights", "alpha", "likeness", "added"},
    {"process", "nets", "corpus"},
    {
        "samplers",
        "guidance",
        "denoiser",
        "conditioner",
        "autoencoder",
        "latents",
        "tiles",
        "clocks",
        "text",
        "padding",
        "underpainting",
        "between",
        "autoguidance",
        "thresholding",
    },
    {"pipeline", "recipe", "checkpoint", "manifest", "parts", "engine", "weak", "fast"},
    {"train", "adapters", "inspect", "provenance", "model", "picture", "canvas", "options", "notes", "stream", "sheet"},
    {"evaluate", "studio"},
    {"cli", "__main__"},
)
"""From the ground up. A new module or folder is added here: where it may be imported from is a decision."""

STRANGERS = [("process", "nets"), ("nets", "process"), ("samplers", "nets"), ("train", "cli"), ("inspect", "train")]
"""(a, b): nothing in a imports anything in b."""

MAY = {
    "samplers": {"process", "samplers", "types", "arrays", "errors", "choices", "rng"},
    "nets": {"nets", "types", "errors"},
    "process": {"process", "types", "arrays", "errors", "choices"},
}
"""All that these may import of the package."""

THIRD_PARTY = {
    "process": {"numpy", "jaxtyping"},
    "samplers": {"numpy", "jaxtyping"},
    "nets": {"torch", "jaxtyping"},
    "pipeline": {"numpy", "jaxtyping"},
    "denoiser": {"numpy", "jaxtyping"},
    "guidance": {"numpy", "jaxtyping"},
    "conditioner": {"numpy", "jaxtyping"},
    "recipe": {"numpy", "jaxtyping"},
    "rng": {"numpy", "jaxtyping"},
    "types": {"numpy", "jaxtyping"},
    "arrays": {"numpy", "jaxtyping"},
}
"""What the floors that a runtime without torch drives, and the networks, may import from other projects."""

INSIDE = [path for path in FILES if name_of(path)]
"""Every module but the package's own door, which re-exports."""


def area(name: str) -> str:
    return name.partition(".")[0]


def floor(name: str) -> int:
    found = [level for level, names in enumerate(FLOORS) if area(name) in names]
    assert found, f"{name} stands on no floor: add it to FLOORS"
    return found[0]


@pytest.mark.parametrize("path", INSIDE, ids=name_of)
def test_imports_point_down(path):
    here = name_of(path)
    up = {name for name in imported_modules(path) - {""} if floor(name) > floor(here)}
    assert not up, f"{here} (floor {floor(here)}) imports from above: {sorted(up)}"


def test_no_cycles():
    graph = {name_of(path): imported_modules(path) - {"", name_of(path)} for path in INSIDE}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(graph)


@pytest.mark.parametrize(("here", "there"), STRANGERS)
def test_strangers(here, there):
    for path in INSIDE:
        if area(name_of(path)) == here:
            assert there not in {area(name) for name in imported_modules(path)}, name_of(path)


@pytest.mark.parametrize(("here", "may"), MAY.items(), ids=MAY)
def test_what_the_lower_floors_know(here, may):
    files = [path for path in INSIDE if area(name_of(path)) == here]
    assert files
    for path in files:
        known = {area(name) for name in imported_modules(path)}
        assert known <= may, f"{name_of(path)} imports {sorted(known - may)}"


@pytest.mark.parametrize("here", THIRD_PARTY)
def test_arithmetic_needs_no_heavy_package(here):
    for path in INSIDE:
        if area(name_of(path)) == here:
            foreign = {area(name) for name in imported(tree(path))} - set(sys.stdlib_module_names) - {"sfumato"}
            assert foreign <= THIRD_PARTY[here], f"{name_of(path)} imports {sorted(foreign - THIRD_PARTY[here])}"


def test_the_import_reader_sees_every_form():
    source = "import sfumato.nets.unet\nfrom sfumato.process import grid\ndef f():\n    from sfumato import rng\n"
    assert imported(ast.parse(source)) == {"sfumato.nets.unet", "sfumato.process.grid", "sfumato.rng"}
    assert MODULES["process.schedule"].name == "schedule.py"

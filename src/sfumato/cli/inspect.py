"""`sfumato inspect`: a picture's recipe, a trace's steps, or a model's parts."""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sfumato.errors import RecipeError

HELP = "Look inside a picture (its recipe), a trace (its steps) or a model (its parts, every file verified)."
EXAMPLES = """\
examples:
  sfumato inspect pictures/a-red-apple-0.png
  sfumato generate "a red apple" --trace trace && sfumato inspect trace
  sfumato inspect tavola
  sfumato inspect pictures/a-red-apple-0.png --json
"""
COLUMNS = (
    ("step", "{}", lambda e: e["i"] + 1),
    ("t", "{:.4f}", lambda e: e["here"]["t"]),
    ("alpha", "{:.4f}", lambda e: e["here"]["alpha"]),
    ("sigma", "{:.4f}", lambda e: e["here"]["sigma"]),
    ("x_t", "{:.3f}", lambda e: e["x_t"]),
    ("x0_hat", "{:.3f}", lambda e: e["x0_hat"]),
    ("eps_hat", "{:.3f}", lambda e: e["eps_hat"]),
    ("guidance", "{:.3f}", lambda e: e.get("guidance")),
    ("cosine", "{:.5f}", lambda e: e.get("cosine")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command."""
    parser.add_argument(
        "what", metavar="PICTURE|TRACE|MODEL", help="a picture file, a folder made by --trace, or a model"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Find out what it is, and print it."""
    from sfumato.inspect.store import EVENTS

    path = Path(arguments.what)
    if path.is_file():
        facts, show = picture_facts(path), print_picture
    elif (path / EVENTS).is_file():
        facts, show = trace_facts(path), print_trace
    elif path.is_dir() and (traces := sorted(p.parent for p in path.glob(f"*/{EVENTS}"))):
        raise RecipeError(f"{path} holds {len(traces)} traces; name one of them, such as {traces[0]}")
    else:
        facts, show = model_facts(arguments.what), print_model
    if arguments.json:
        print(json.dumps(facts, indent=2, sort_keys=True))
    else:
        show(facts)
    return 0


def picture_facts(path: Path) -> dict[str, Any]:
    """The recipe in a picture, its mark, and the hash of its pixels."""
    from sfumato.provenance.files import read
    from sfumato.provenance.xmp import TRAINED

    record, pixels, kind = read(path)
    recipe = record.public if record.recipe is None else record.recipe.to_dict()
    height, width, _ = pixels.shape
    marked = TRAINED.encode() in path.read_bytes()
    return {
        "kind": "picture",
        "file": str(path),
        "format": kind,
        "pixels": [width, height],
        "pixels_sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
        "digital_source_type": TRAINED if marked else None,
        "private": record.private,
        "recipe": dict(recipe),
    }


def print_picture(facts: Mapping[str, Any]) -> None:
    """Lines for people."""
    from sfumato.cli.info import print_table

    width, height = facts["pixels"]
    print(f"{facts['file']}: {facts['format']}, {width}x{height}, pixels sha256 {facts['pixels_sha256'][:16]}")
    mark = (
        "marked as made by a trained model" if facts["digital_source_type"] else "NOT marked as made by a trained model"
    )
    print(f"{mark}; the prompt is {'private' if facts['private'] else 'inside'}")
    print_table(facts["recipe"], 2)
    recipe = facts["recipe"]
    needs = [f" --{name} FILE" for name in ("init", "mask") if recipe.get(name)]
    needs += [" --weak FOLDER"] if recipe["guidance"].get("kind") == "auto" else []
    print(f"make it again: sfumato generate --like {facts['file']}{''.join(needs)}")


def trace_facts(path: Path) -> dict[str, Any]:
    """The recipe and events of a trace."""
    from sfumato.inspect.store import read_trace

    trace = read_trace(path)
    return {
        "kind": "trace",
        "folder": str(path),
        "recipe": trace.recipe.to_dict(),
        "events": [dict(e) for e in trace.events],
    }


def print_trace(facts: Mapping[str, Any]) -> None:
    """The steps as a table."""
    recipe, events = facts["recipe"], facts["events"]
    print(
        f"{recipe['prompt']!r}, seed {recipe['seed']}, model {recipe['model']}, "
        f"{recipe['sampler']['kind']}, {recipe['steps']} steps"
    )
    for event in events:
        if event.get("event") == "encoded":
            print("tokens: " + " ".join(map(str, event.get("words", [[]])[0])))
    try:
        rows = [
            [_cell(form, pick(event)) for _, form, pick in COLUMNS] for event in events if event.get("event") == "step"
        ]
    except (KeyError, TypeError, ValueError) as problem:
        raise RecipeError(f"{facts['folder']} is damaged: a step lacks {problem}; record the trace again") from problem
    print_columns([name for name, _, _ in COLUMNS], rows)
    kept = sum(1 for event in events if event.get("file"))
    print(
        "x_t, x0_hat, eps_hat: root mean squares (noise has 1); guidance: that of v_cond - v_null; "
        "cosine: between these two"
    )
    print(
        f"arrays of {kept} steps in {facts['folder']}"
        + ("" if any(e.get("event") == "decoded" for e in events) else "; NOT finished")
    )


def _cell(form: str, value: Any) -> str:
    return "-" if value is None else form.format(value)


def print_columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns, each as wide as its widest entry, to the right."""
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    for row in (names, *rows):
        print("  ".join(entry.rjust(width) for entry, width in zip(row, widths, strict=True)))


def model_facts(source: str) -> dict[str, Any]:
    """The parts of a model: tensors and parameters of each file, all hashes verified."""
    from sfumato.checkpoint import find, locate, read_files, read_manifest

    folder = find(source)
    manifest = read_manifest(folder)
    data = read_files(folder, manifest)
    files = [
        {
            "part": role,
            "file": str(locate(folder, file)),
            "bytes": file.bytes,
            "sha256": file.sha256,
            **header(data[role]),
        }
        for role, file in manifest.files.items()
    ]
    return {"kind": "model", "name": manifest.name, "folder": str(folder), "hash": manifest.model_hash, "files": files}


def header(data: bytes) -> dict[str, int]:
    """How many tensors and numbers a safetensors file holds; nothing for other files."""
    if data[8:9] != b"{":
        return {}
    entries = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    shapes = [entry["shape"] for name, entry in entries.items() if name != "__metadata__"]
    numbers = 0
    for shape in shapes:
        product = 1
        for side in shape:
            product *= side
        numbers += product
    return {"tensors": len(shapes), "parameters": numbers}


def print_model(facts: Mapping[str, Any]) -> None:
    """The parts as a table."""
    print(f"{facts['name']} in {facts['folder']}, hash {facts['hash'][:16]}; every file verified")
    rows = [
        [
            f["part"],
            f"{f['bytes'] / 1e6:.1f} MB",
            str(f.get("tensors", "-")),
            f"{f.get('parameters', 0):,}",
            f["sha256"][:12],
        ]
        for f in facts["files"]
    ]
    print_columns(["part", "size", "tensors", "numbers", "sha256"], rows)

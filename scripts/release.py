"""From a finished run to everything that is said of it: model folder, evaluation, numbers, sheet, gallery.

    make release MODEL=runs/tavola NAME=tavola CORPUS=path/to/corpus [ARGS="--set steps=20 --set guidance=..."]

Each step is a command of its own, printed before it runs; one that fails ends the release, and the same command again
goes on (pictures that are drawn are kept). The evaluation's folder is releases/NAME-HASH.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato import checkpoint

HERE, PAGES = Path(__file__).parent, Path("docs")
FURTHER = ("glyphs-tones.parquet", "clipart-extra.parquet", "glyphs-colours.parquet")
"""What the shipped models were trained on besides; those that CORPUS holds."""


def done(*command: object) -> None:
    """Run a command; end the release where it fails."""
    words = [str(word) for word in command]
    print("$", " ".join(words), flush=True)
    if code := subprocess.run([sys.executable, *words], check=False).returncode:
        sys.exit(code)


def evaluated(name: str, corpus: Path) -> Path:
    """The evaluation's folder of a shipped model on report, its numbers copied into docs."""
    digest = checkpoint.read_manifest(checkpoint.find(name)).model_hash[:12]
    out = Path("releases") / f"{name}-{digest}"
    further = [word for file in FURTHER if (corpus / file).is_file() for word in ("--further", corpus / file)]
    data = ("--data", corpus, "--split", "report", "--seeds", 1, *further, "--out", out)
    done("-m", "sfumato", "evaluate", name, *data)
    (PAGES / "evaluation").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(out / "evaluation.json", PAGES / "evaluation" / f"{name}.json")
    return out


def main(words: Sequence[str] | None = None) -> None:
    """Ship, evaluate, write."""
    parser = argparse.ArgumentParser(description="From a finished run to everything that is said of it.")
    parser.add_argument(
        "--run", type=Path, help="the run's folder; without it the shipped model NAME is taken as it is"
    )
    parser.add_argument("--name", required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--sheet", action="store_true", help="it is the default model: draw the README's sheet as well")
    options, ship = parser.parse_known_args(words)
    if options.run is not None:
        done(HERE / "ship_model.py", options.run / "model", "--name", options.name, *ship)
    out = evaluated(options.name, options.corpus)
    done(HERE / "published.py", PAGES / "evaluation" / f"{options.name}.json")
    done(HERE / "make_gallery.py", out, "--data", options.corpus, "--out", PAGES / "gallery" / options.name)
    if options.sheet:
        done(HERE / "make_sheet.py", "--model", options.name)
    print(json.dumps({"name": options.name, "evaluation": str(out)}))


if __name__ == "__main__":
    main()

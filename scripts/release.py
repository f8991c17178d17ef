"""From a finished run to everything that is said of it: model folder, evaluation, numbers, sheet, gallery.

    make release MODEL=runs/tavola [NAME=tavola] [CORPUS=...] [ARGS="--set steps=20 --set guidance.scale=4 --sheet"]

Each step is a command of its own, printed before it runs; one that fails ends the release, and the same command again
goes on (pictures that are drawn are kept). Without MODEL the shipped model NAME is taken as it is. CORPUS holds what
the model's card says it was trained on, so that copies are looked for in all of it. The evaluation's folder is
releases/NAME-HASH, HASH of the weights and of the settings that they are drawn with.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sfumato import checkpoint
from sfumato.corpus.content import settled
from sfumato.corpus.detect import read_corpus
from sfumato.evaluate.copies import unsearched
from sfumato.evaluate.ground import CORPUS, corpus_at
from sfumato.manifest import Manifest, trained_on
from sfumato.model import DEFAULT_MODEL
from sfumato.recipe import canonical

HERE, PAGES = Path(__file__).parent, Path("docs")


def done(*command: object) -> None:
    """Run a command; end the release where it fails."""
    words = [str(word) for word in command]
    print("$", " ".join(words), flush=True)
    if code := subprocess.run([sys.executable, *words], check=False).returncode:
        sys.exit(code)


def further(manifest: Manifest, corpus: Path) -> list[Path]:
    """The other corpora that the model was trained on.

    Raises SystemExit where one is not beside `corpus`, or where any has another content than the card's.
    """
    names = [str(one["name"]) for one in trained_on(manifest.card)]
    found = [corpus.with_name(f"{name}.parquet") for name in names if name != corpus.stem]
    if missing := [path.name for path in found if not path.is_file()]:
        raise SystemExit(f"the model was trained on {', '.join(missing)} too; put them beside {corpus}")
    if other := unsearched(manifest.card, [settled(read_corpus(path))[1] for path in (corpus, *found)]):
        raise SystemExit(
            f"the model was trained on another {', '.join(other)} than lies at {corpus.parent} (its card has other "
            "keys), where copies of what it was trained on cannot be looked for; put there what it was trained on"
        )
    return found


def folder_of(name: str, manifest: Manifest) -> Path:
    """Where its evaluation goes: other weights, or other settings of them, have another."""
    settings = hashlib.sha256(canonical(dict(manifest.defaults)).encode()).hexdigest()
    return Path("releases") / f"{name}-{manifest.model_hash[:12]}-{settings[:6]}"


def evaluated(name: str, corpus: Path, others: Sequence[Path], options: argparse.Namespace) -> Path:
    """The evaluation's folder of a shipped model on report, its numbers copied into docs; others: see `further`."""
    manifest = checkpoint.read_manifest(checkpoint.find(name))
    out = folder_of(name, manifest)
    data: list[object] = ["--data", corpus, "--split", "report", "--seeds", options.seeds, "--out", out]
    data += ["--microbatch", options.microbatch] if options.microbatch else []
    data += [word for path in others for word in ("--further", path)]
    done("-m", "sfumato", "evaluate", name, *data, *(() if options.no_sweep else ("--sweep-guidance",)))
    (PAGES / "evaluation").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(out / "evaluation.json", PAGES / "evaluation" / f"{name}.json")
    return out


def gallery_of(name: str) -> Path:
    """The folder of a gallery's pictures; its page is beside it."""
    return PAGES / "gallery" if name == DEFAULT_MODEL else PAGES / "gallery" / name


def main(words: Sequence[str] | None = None) -> None:
    """Ship, evaluate, write."""
    parser = argparse.ArgumentParser(description="From a finished run to everything that is said of it.")
    add = parser.add_argument
    add("--run", type=Path, help="a run or a model folder; without it the shipped model NAME is taken as it is")
    add("--name", help="how it ships (the model's own name)")
    add("--corpus", type=Path, help=f"{CORPUS}.parquet or its folder (also: the environment's SFUMATO_DATA)")
    add("--seeds", type=int, default=4, help="pictures of each prompt (4)")
    add("--microbatch", type=int, help="pictures that go through the network at once: a small one is faster with 16")
    add("--no-sweep", action="store_true", help="leave out what guidance buys and costs")
    add("--sheet", action="store_true", help="it is the default model: draw the README's sheet as well")
    options, ship = parser.parse_known_args(words)
    if options.run is None and (ship or not options.name):
        parser.error(f"{' '.join(ship) or 'no model'}: --run says what is shipped, and --name what is taken as it is")
    manifest = checkpoint.read_manifest(checkpoint.find(options.run or options.name))
    name, corpus = options.name or manifest.name, corpus_at(options.corpus)
    others = further(manifest, corpus)
    if options.run is not None:
        done(HERE / "ship_model.py", options.run, "--name", name, *ship)
    out = evaluated(name, corpus, others, options)
    done(HERE / "published.py", PAGES / "evaluation" / f"{name}.json")
    done(HERE / "make_gallery.py", out, "--data", corpus, "--out", gallery_of(name))
    if options.sheet:
        done(HERE / "make_sheet.py", "--model", name)


if __name__ == "__main__":
    main()

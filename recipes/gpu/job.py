"""One slice of a GPU job, from wherever it stands: python recipes/gpu/job.py tavola-long.

The run in runs/gpu/NAME is resumed where there is one; else it begins from the shipped weights that the job names,
where they are installed; else from random ones. It ends in a checkpoint before --max-seconds are over. With --bring DIR
its averaged weights are left there in files below 16 MiB, as a model folder in pieces.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "src"))

from sfumato import checkpoint  # noqa: E402
from sfumato.cli import train  # noqa: E402
from sfumato.errors import SfumatoError  # noqa: E402
from sfumato.train.shards import join_folder, split_folder  # noqa: E402
from sfumato.train.state import listed  # noqa: E402

JOBS = sorted(path.stem for path in Path(__file__).parent.glob("*.toml"))
STARTS = {"tavola-long": ("tavola",), "autoencoder-long": ("velatura",)}
"""Jobs whose network shares layers with what is shipped, and so can begin from the first that is installed."""
PACKS = {"autoencoder-long": "pictures", "towers-long": "pictures"}
"""What a job trains on where it is no pack of latents."""


def main() -> int:
    """Train one slice, then bring the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", help=", ".join(JOBS))
    parser.add_argument("--data", type=Path, help="a pack, or the corpora (default packs/glyphs, or packs/pictures)")
    parser.add_argument("--run", type=Path, help="the run's folder (default runs/gpu/JOB)")
    parser.add_argument("--max-seconds", type=float, default=540.0)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--bring", type=Path, help="where to leave the averaged weights, in pieces below 16 MiB")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="A.B=C")
    parser.add_argument("--join", type=Path, metavar="PIECES", help="put brought pieces together as the folder --run")
    args = parser.parse_args()
    run = args.run or ROOT / "runs" / "gpu" / args.job
    if args.join:
        join_folder(args.join, run)
        print(checkpoint.summary(run) if (run / checkpoint.NAME).is_file() else f"{run}: {', '.join(files_in(run))}")
        return 0
    common = ["--device", args.device]
    if listed(run / "checkpoints"):
        known = ["--resume", str(run)]
    else:
        data = args.data or ROOT / "packs" / PACKS.get(args.job, "glyphs")
        known = [str(data), "--recipe", str(Path(__file__).with_name(f"{args.job}.toml")), "--out", str(run)]
        known += [part for change in args.changes for part in ("--set", change)]
        start = next((name for name in STARTS.get(args.job, ()) if (checkpoint.MODELS / name).is_dir()), None)
        if start and not any(c.startswith("network.") for c in args.changes):
            known += ["--from", start]
    code = sfumato_train([*known, *common, "--max-seconds", str(args.max_seconds)])
    if code == 0 and args.bring:
        bring(run, args.bring, common)
    return code


def sfumato_train(arguments: list[str]) -> int:
    """The command `sfumato train`."""
    parser = argparse.ArgumentParser(prog="sfumato train")
    train.add_arguments(parser)
    return train.run(parser.parse_args(arguments))


def files_in(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return sorted(file.name for file in folder.iterdir())


def bring(run: Path, target: Path, common: list[str]) -> None:
    """The averaged weights as pieces, and the log, in `target`."""
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        sfumato_train(["--resume", str(run), *common, "--export", str(model)])
        names = split_folder(model, target / "model")
    if (run / "log.jsonl").exists():
        shutil.copy(run / "log.jsonl", target / "log.jsonl")
    print(f"{target / 'model'}: {len(names)} files")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SfumatoError as error:
        sys.exit(f"error: {error}")

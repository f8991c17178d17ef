"""`sfumato convert`: a model as one complete folder."""

import argparse

HELP = "Write a model with all its parts into one folder that needs no other file."
EXAMPLES = """\
examples:
  sfumato convert tavola --standalone my-model
  sfumato generate "a red apple" --model my-model
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this command."""
    parser.add_argument("model", metavar="MODEL", help="a shipped model or a model folder")
    parser.add_argument("--standalone", metavar="FOLDER", required=True, help="the new folder to write")


def run(arguments: argparse.Namespace) -> int:
    """Copy, verified, whole or not at all."""
    from sfumato.checkpoint import standalone

    manifest = standalone(arguments.model, arguments.standalone)
    total = sum(file.bytes for file in manifest.files.values())
    print(
        f"{arguments.standalone}: {manifest.name}, {len(manifest.files)} files, {total / 1e6:.1f} MB, "
        f"hash {manifest.model_hash[:16]}"
    )
    return 0

"""Put the student of a shipped model among those that ship, as what its weights add to the teacher's (added.py).

    python scripts/ship_student.py runs/tavola-fast [--set steps=4] [--card 'machine="2 cores"']

It goes to src/sfumato/models under the name that it has, NAME-fast, where `sfumato generate --fast` finds it; the
teacher's weights are not written again, other parts lie among models/blobs. Its hash is another than that of the folder
it was made from: so are its weights, by half a step in 127. How far they are from the teacher's, and how far the
rounding took them, is printed.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ship_model import add_changes, told

from sfumato import checkpoint
from sfumato.added import added, taken_from
from sfumato.errors import CheckpointError
from sfumato.fast import find_student
from sfumato.weights import serialise


def apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The root mean square difference of the weights that both have."""
    pairs = [(one[name], other[name]) for name in one if name in other and one[name].shape == other[name].shape]
    squares = sum(float((a.double() - b.double()).square().sum()) for a, b in pairs)
    return (squares / sum(a.numel() for a, _ in pairs)) ** 0.5


def main() -> None:
    """Read, take the difference, write."""
    parser = argparse.ArgumentParser(description="Put a student among the models that ship, beside its teacher.")
    parser.add_argument("folder", type=Path, help="a student's folder, or the run that made it")
    add_changes(parser)
    options = parser.parse_args()

    folder = checkpoint.find(options.folder)
    manifest = checkpoint.read_manifest(folder)
    teacher = manifest.card.get("teacher", {}).get("name")
    if teacher not in checkpoint.shipped():
        raise CheckpointError(
            f"{folder} learnt from {teacher!r}, which does not ship; scripts/ship_model.py ships it whole"
        )
    find_student(teacher, folder)
    known = checkpoint.find(teacher)
    base = checkpoint.read_files(known, checkpoint.read_manifest(known))
    files = checkpoint.read_files(folder, manifest)
    whole, tensors = checkpoint.denoiser_weights(files), checkpoint.denoiser_weights(base)
    parts = taken_from(whole, tensors)
    print(f"from the teacher {apart(whole, tensors):.3g}, by rounding {apart(whole, added(parts, tensors)):.3g} (rms)")
    shared = {role: data for role, data in files.items() if role != "denoiser"} | {"base": base["denoiser"]}
    own, target = {"denoiser": serialise(parts)}, checkpoint.MODELS / manifest.name
    checkpoint.save(target, told(manifest, options), own, shared=shared, replace_existing=True)
    print(f"{target}: {len(own['denoiser']) / 1e6:.1f} MB, beside {teacher}'s weights")


if __name__ == "__main__":
    main()

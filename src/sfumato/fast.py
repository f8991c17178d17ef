"""The student of a model: what draws like it in a few evaluations, known by the hash of the teacher in its card.

`sfumato distill NAME` makes one, called NAME-fast. It is looked for under that name beside the model itself, among the
shipped models, and in runs/, where that command writes.
"""

import os
from pathlib import Path
from typing import Any

from sfumato import checkpoint
from sfumato.errors import CheckpointError, RecipeError
from sfumato.manifest import NAME, Manifest

SUFFIX = "-fast"
"""What a student's name has after its teacher's."""

RUNS = Path("runs")
"""Where `sfumato distill` writes, seen from the folder that one works in."""

Source = str | os.PathLike[str]


def drawn_by(source: Source, fast: Source | bool, weak: Source | None = None) -> Source:
    """The model that draws in place of `source`: its student where `fast` is True or says where that is, else itself.

    Raises as find_student does; RecipeError where a weak model is to guide a student.
    """
    if fast is False:
        return source
    if weak is not None:
        raise RecipeError(
            "a student has its guidance within it, so no weak model guides it; leave out --fast or --weak"
        )
    return find_student(source, None if fast is True else fast)


def find_student(source: Source, named: Source | None = None) -> Path:
    """The folder of the student of the model `source`, or of `named`, a model's name, folder or run.

    A model that is of few steps itself is its own. Of those found by their name, the first whose card names this
    teacher is taken; one that is `named` must not name another.

    Raises:
        CheckpointError: there is none, with what to do; or `named` is of another teacher, or needs many steps.
    """
    folder = checkpoint.find(source)
    teacher = checkpoint.read_manifest(folder)
    if named is not None:
        return fitting(teacher, checkpoint.find(named))
    if few_steps(teacher):
        return folder
    others = []
    for place in places(folder, teacher.name):
        other = of_student(checkpoint.read_manifest(place))
        if other.get("model_hash") == teacher.model_hash:
            return place
        others.append(f"{place} learnt from {other.get('name', 'no teacher')} {str(other.get('model_hash', ''))[:12]}")
    passed = f" ({'; '.join(others)}, this is {teacher.model_hash[:12]})" if others else ""
    raise CheckpointError(
        f"there is no student of {teacher.name!r} to draw fast with{passed}: make one with `sfumato distill {source} "
        "--data CORPUS`, or name its folder with --student, or sfumato.load(..., fast=FOLDER)"
    )


def places(folder: Path, name: str) -> list[Path]:
    """The model folders where a student is looked for, those that are there."""
    roots = dict.fromkeys((folder.parent, checkpoint.MODELS, RUNS))
    tried = [place for root in roots for place in (root / f"{name}{SUFFIX}", root / f"{name}{SUFFIX}" / "model")]
    return [place for place in tried if (place / NAME).is_file()]


def fitting(teacher: Manifest, folder: Path) -> Path:
    """The folder, if its model is of few steps and no other model's student. Raises CheckpointError."""
    student = checkpoint.read_manifest(folder)
    if not few_steps(student):
        raise CheckpointError(
            f"{student.name!r} is no model of few steps; name one that `sfumato distill` made, or leave out --fast"
        )
    other = of_student(student)
    if other and other.get("model_hash") != teacher.model_hash:
        raise CheckpointError(
            f"{student.name!r} is the student of {other.get('name')!r} {str(other.get('model_hash'))[:12]}, this is "
            f"{teacher.name!r} {teacher.model_hash[:12]}; distill this one, or draw with that one by --model {folder}"
        )
    return folder


def few_steps(manifest: Manifest) -> bool:
    """Whether the model was made to draw in a few evaluations."""
    return isinstance(manifest.card.get("few_steps"), dict)


def of_student(manifest: Manifest) -> dict[str, Any]:
    """What a student's card says of its teacher; nothing for a model without one."""
    teacher = manifest.card.get("teacher")
    return teacher if few_steps(manifest) and isinstance(teacher, dict) else {}

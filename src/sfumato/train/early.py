"""A run as it was: the weak model that autoguidance wants is its own average of long ago."""

from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import CheckpointError, RecipeError
from sfumato.train.posthoc import read_snapshot

if TYPE_CHECKING:
    from sfumato.train.session import Session


def as_it_was(session: "Session", images: int) -> None:
    """Put the snapshot that is nearest to `images` into the session's average, and its place into the progress.

    Raises CheckpointError where the run keeps no snapshots, RecipeError where none is within a tenth of `images`.
    """
    folder = session.folder.path / "averages"
    places = {int(path.stem): path for path in sorted(folder.glob("*.safetensors")) if path.stem.isdigit()}
    if not places:
        raise CheckpointError(f"{folder} holds no snapshot of the average; train with watch.snapshot above 0")
    place = min(places, key=lambda count: abs(count - images))
    if abs(place - images) > 0.1 * images:
        raise RecipeError(f"there is no snapshot near {images} images; there are {listed(places)}")
    profile, weights = read_snapshot(places[place])
    progress = session.trainer.progress
    session.trainer.average.load(weights)
    progress.seconds *= (place - progress.warm_from) / max(progress.images - progress.warm_from, 1)
    progress.images, progress.step = place, round(profile.step)


def listed(places: dict[int, Path]) -> str:
    """The numbers of images, the first few and the last."""
    numbers = [str(place) for place in places]
    return ", ".join(numbers if len(numbers) < 9 else [*numbers[:6], "...", numbers[-1]])

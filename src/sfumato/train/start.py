"""Weights to begin a run from: a shipped model's average, on a machine that does not have the run itself."""

from torch import Tensor

from sfumato import checkpoint
from sfumato.errors import CheckpointError
from sfumato.weights import parse


def weights_of(source: str) -> tuple[dict[str, Tensor], int]:
    """The denoiser's weights of a model (a name or a folder), and the images that they have seen according to its card.

    Raises CheckpointError where there is no such model or it is damaged.
    """
    folder = checkpoint.find(source)
    manifest = checkpoint.read_manifest(folder)
    data = checkpoint.read_files(folder, manifest)
    if "denoiser" not in data:
        raise CheckpointError(f"{folder} holds no denoiser to begin from")
    images = manifest.card.get("images", 0)
    return parse(data["denoiser"], "the denoiser"), images if isinstance(images, int) and images >= 0 else 0

"""Weights to begin a run from: a shipped model's average, on a machine that does not have the run itself."""

from torch import Tensor

from sfumato import checkpoint
from sfumato.errors import CheckpointError
from sfumato.train.build import make_network
from sfumato.train.ends import with_new_ends
from sfumato.train.frozen_parts import load_vae
from sfumato.train.recipe import Space, TrainRecipe
from sfumato.train.rivals import autoencoder_in
from sfumato.train.transplant import transplanted


def weights_of(source: str, recipe: TrainRecipe) -> tuple[dict[str, Tensor], int]:
    """The weights of a model (a name or a folder) for this recipe, and the images that they have seen.

    A denoiser's are the model's, with the images that its card counts; for other latents its first and last layer
    begin anew, for another text encoder the layers that read text (train/ends.py). An autoencoder's are fitted to the
    recipe's network (train/transplant.py) and begin at 0: it may be another network.

    Raises CheckpointError where there is no such model, it is damaged, or nothing of it fits.
    """
    if recipe.objective == "autoencoder":
        network = make_network(recipe)
        vae = autoencoder_in(network)
        vae.load_state_dict(transplanted(load_vae(Space(autoencoder=source))[0], vae))
        return network.state_dict(), 0
    folder = checkpoint.find(source)
    manifest = checkpoint.read_manifest(folder)
    data = checkpoint.read_files(folder, manifest)
    if "denoiser" not in data:
        raise CheckpointError(f"{folder} holds no denoiser to begin from")
    images = manifest.card.get("images", 0)
    born, kind = make_network(recipe).state_dict(), str(recipe.network.get("kind"))
    weights = with_new_ends(checkpoint.denoiser_weights(data), born, kind)
    return weights, images if isinstance(images, int) and images >= 0 else 0

"""Sides of pictures that an autoencoder cannot halve to a whole latent."""

from sfumato.errors import RecipeError


def refuse_ragged(name: str, side: int, factor: int) -> None:
    """Raise RecipeError for a side, by its name in the recipe, that is no multiple of `factor`."""
    if side % factor:
        near = max(factor, side // factor * factor)
        raise RecipeError(
            f"{name} is {side}, and the autoencoder needs a multiple of {factor}: set it to {near} or {near + factor}"
        )

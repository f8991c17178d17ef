"""What every objective over noised pictures is made of, built from a recipe."""

from typing import Any

from sfumato.corpus.prompt import Prompting
from sfumato.errors import RecipeError
from sfumato.text.conditioner import TextConditioner
from sfumato.train.frozen_parts import load_conditioner, text_facts
from sfumato.train.material import Place, gather
from sfumato.train.noising import Noising
from sfumato.train.order import Order
from sfumato.train.precision import resolve
from sfumato.train.recipe import TrainRecipe
from sfumato.train.remembered import Remembered


def denoiser_parts(recipe: TrainRecipe, place: Place) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of a DenoiserTask after its network, and what is worth recording. Raises what gather raises."""
    if recipe.watch.sheet and not recipe.watch.prompts:
        raise RecipeError(
            "watch.prompts is empty, and watch.sheet asks for pictures of them; name some, or set it to 0"
        )
    noising = Noising.of(recipe.process)
    material = gather(recipe, place)
    dtype = resolve(recipe.precision, place.device)
    conditioner = load_conditioner(recipe.text, place.device)
    if isinstance(conditioner, TextConditioner):
        conditioner = Remembered(conditioner, dtype)
    order = Order(recipe.seed, [len(s) for s in material.stores], material.weights)
    parts = {
        "noising": noising,
        "conditioner": conditioner,
        "stores": material.stores,
        "rows": material.rows,
        "order": order,
        "prompting": Prompting(drop=recipe.data.drop, keyword=recipe.data.keyword, long=recipe.data.long),
        "flip": recipe.data.flip,
        "augment": recipe.data.augment,
        "seed": recipe.seed,
        "device": place.device,
        "dtype": dtype,
        "recipe": recipe,
        "autoencoder": material.autoencoder,
        "val": material.val,
    }
    return parts, material.facts | {"per_epoch": order.per_epoch} | text_facts(recipe.text)

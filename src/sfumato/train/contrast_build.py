"""From a recipe to the towers' objective: the tokenizer is learnt from what is shown, the teacher is loaded."""

from typing import Any, cast

from torch import nn

from sfumato.corpus.paraphrase import without_kept_back
from sfumato.corpus.source import Source
from sfumato.errors import RecipeError
from sfumato.nets.towers import Towers
from sfumato.text.bytepair import learn
from sfumato.text.nothing import NoText
from sfumato.train.contrasting import Contrasting
from sfumato.train.frozen_parts import load_conditioner
from sfumato.train.material import Place, described, open_sources
from sfumato.train.order import Order
from sfumato.train.precision import resolve
from sfumato.train.recipe import TrainRecipe
from sfumato.train.teacher import Teacher
from sfumato.weights import sha256


def contrasting(recipe: TrainRecipe, place: Place, net: nn.Module) -> tuple[Contrasting, dict[str, Any]]:
    """The towers' objective over pictures and their captions."""
    towers = cast(Towers, net)
    if not 0 <= recipe.distil < float("inf"):
        raise RecipeError(f"distil is {recipe.distil}; a weight is a number from 0")
    if recipe.data.long > 0:
        raise RecipeError(
            f"data.long is {recipe.data.long}; towers must know which pictures a prompt fits, and a long one fits its "
            "own alone: set it to 0"
        )
    tutor = load_conditioner(recipe.text, place.device) if recipe.distil > 0 else None
    if isinstance(tutor, NoText):
        raise RecipeError(
            f"text.kind is 'none' and distil {recipe.distil}: there is nothing to learn from; name a text encoder"
        )
    taught = 0 if towers.to_teacher is None else towers.to_teacher.out_features
    width = 0 if tutor is None else tutor.encoder.words.embedding_dim
    if taught != width:
        raise RecipeError(
            f"network.teacher is {taught}, the width of the text encoder to learn from is {width} "
            f"(distil is {recipe.distil}): make them equal, or both 0"
        )
    sources, val = open_sources(recipe, place)
    tokenizer = learn(spoken(sources), towers.text.options["vocabulary"])
    order = Order(recipe.seed, [len(s) for s in sources], [c.weight for c in recipe.data.sources])
    task = Contrasting(
        towers,
        recipe=recipe,
        sources=sources,
        val=val,
        order=order,
        tokenizer=tokenizer,
        teacher=None if tutor is None else Teacher(tutor),
        device=place.device,
        dtype=resolve(recipe.precision, place.device),
    )
    facts = {"sources": described(sources), "tokenizer": sha256(tokenizer), "per_epoch": order.per_epoch}
    return task, facts


def spoken(sources: list[Source]) -> set[str]:
    """All that may be said of the pictures in training: captions, style phrases, keywords."""
    texts: set[str] = set()
    for source in sources:
        for row in map(without_kept_back, source.rows):
            texts |= {row.caption, row.style_phrase, *row.keywords}
    return texts - {""}

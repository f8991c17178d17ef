"""What a run holds its loss against where the half of val that its recipe names is empty, as in the smallest sets."""

from dataclasses import replace

from sfumato.corpus.content import settled
from sfumato.corpus.detect import read_corpus
from sfumato.corpus.locate import locate
from sfumato.corpus.split import belongs
from sfumato.train.material import Place
from sfumato.train.pack import is_pack
from sfumato.train.recipe import TrainRecipe
from sfumato.train.small_set import FEW


def with_pictures_to_look_at(recipe: TrainRecipe, place: Place) -> tuple[TrainRecipe, list[str]]:
    """The recipe as it is where its half of val holds pictures; else with all of val, else without a held-out look.

    Where a corpus holds nothing out, what a run draws of it on its sheets is what it trains on. With a note of each.
    Raises CorpusError where the first source cannot be read.
    """
    watch, first = recipe.watch, recipe.data.sources[0]
    if watch.split == "train" or is_pack(place.data):
        return recipe, []
    table = read_corpus(locate(first.name, place.data))
    if not table.named and len(table.rows) >= FEW:  # of so many, chance leaves no half empty
        return recipe, []
    table = table if table.named else settled(table)[0]
    rows = [row for row in table.rows if not first.styles or row.style in first.styles]
    if any(belongs(row, watch.split) for row in rows):
        return recipe, []
    if any(belongs(row, "val") for row in rows):
        note = f"the half {watch.split} of val is empty: the held-out loss is over all of val"
        return replace(recipe, watch=replace(watch, split="val")), [note]
    note = f"{first.name} holds nothing out: there is no held-out loss"
    return replace(recipe, watch=replace(watch, split="train", heldout=0)), [note]

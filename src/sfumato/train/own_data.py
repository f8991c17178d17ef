"""A corpus of one's own in the place of those that a recipe names."""

from dataclasses import replace
from pathlib import Path

from sfumato.corpus.detect import detect
from sfumato.corpus.held_out import SHARE
from sfumato.corpus.locate import within
from sfumato.train.pack import is_pack
from sfumato.train.recipe import SourceChoice, TrainRecipe


def with_own_data(recipe: TrainRecipe, data: Path | None) -> tuple[TrainRecipe, list[str]]:
    """The recipe as it is where `data` holds a corpus that it names, else with `data` for its only source, and a note.

    So DATA may be a folder of corpora, as shipped recipes expect, or pictures of one's own, of which the recipe's
    sources and styles know nothing. Raises CorpusError where it is neither: what was given is what is trained on.
    """
    names = [source.name for source in recipe.data.sources]
    if data is None or is_pack(data) or any(within(data, name) for name in names):
        return recipe, []
    detect(data)
    own = SourceChoice(name=data.resolve().stem)
    note = (
        f"trains on {own.name} in place of {', '.join(names)}; pictures of its split val, or by their content about "
        f"{SHARE:.0%} where it names none, are held out"
    )
    return replace(recipe, data=replace(recipe.data, sources=(own,))), [note]

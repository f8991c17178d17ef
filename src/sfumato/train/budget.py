"""A recipe for a given time on this machine: what is trained on, the network, the batch, the schedule, and why.

Measured before: how long a picture takes to prepare, and how fast each network of the family trains, the next one as
long as it could be chosen. What is decided here are guesses; the clock corrects the schedule (train/pace.py).
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sfumato.corpus.decode import channels_of
from sfumato.corpus.locate import locate
from sfumato.corpus.prompt import plain_prompt
from sfumato.errors import CorpusError, RecipeError
from sfumato.train.build import described_network
from sfumato.train.family import (
    FEW,
    LOOKING,
    PER_THOUSAND,
    SMALL,
    WIDTHS,
    batch_for,
    in_pixels,
    looks_for,
    of_width,
    scheduled,
)
from sfumato.train.looked_at import with_pictures_to_look_at
from sfumato.train.material import Place, gather, open_sources
from sfumato.train.own_data import with_own_data
from sfumato.train.pace import AIM, COOLDOWN
from sfumato.train.pack import is_pack
from sfumato.train.reading import changed, read_toml, recipe_from
from sfumato.train.recipe import SourceChoice, TrainRecipe
from sfumato.train.rehearsal import Rehearsal, rehearse
from sfumato.train.taste import Taste, taste

LEAST, MOST = 120.0, 30 * 86400.0
"""The budgets that there are, in seconds."""
OPEN = ("rate.images=0", "rate.cooldown=0", "rate.shape=linear")
"""The clock says where a run ends, not the recipe."""
PREPARING = 0.25
"""The share of the budget that decoding and encoding may take; of more pictures a part is used."""
REHEARSING = 1 / 60
"""The share of the budget that each measurement takes, up to 4 s."""


class Budget:
    """Makes a recipe that ends `seconds` after `began` on the clock.

    recipe: tables whose network and data are kept; None for abbozzo, with the network that suits. changes: the user's
    own, which are put in last. notes: what was chosen and why, for people.
    """

    def __init__(
        self,
        seconds: float,
        place: Place,
        *,
        began: float,
        recipe: Mapping[str, Any] | None = None,
        changes: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises RecipeError for a budget that is too short or too long."""
        if not LEAST <= seconds <= MOST:
            raise RecipeError(f"a budget of {seconds:g} s; one lies between {LEAST:g} s and {MOST:g} s (30 days)")
        self.seconds, self.place, self.began, self.clock = seconds, place, began, clock
        self.base, self.given, self.changes = recipe or read_toml("abbozzo"), recipe is not None, list(changes)
        self.chosen: list[str] = []
        self.most: tuple[int, ...] = ()
        self.notes: list[str] = []

    def plan(self) -> TrainRecipe:
        """The recipe. Raises CorpusError, RecipeError, CheckpointError."""
        if is_pack(self.place.data):
            raise RecipeError("--budget measures on pictures, and DATA is a pack of latents; give it the pictures")
        first = taste(self.recipe(), self.place)
        if not self.given:
            first = self.choose_space(first)
        preparing = self.choose_pictures(first)
        rehearsal, images = self.choose_network(first, preparing)
        self.choose_schedule(rehearsal, images)
        return self.recipe()

    def recipe(self, more: Sequence[str] = ()) -> TrainRecipe:
        """As chosen so far, and with more changes."""
        recipe = recipe_from(changed(self.base, [*OPEN, *self.chosen, *more, *self.changes]))
        recipe, _ = with_own_data(recipe, self.place.data)
        if not self.given:
            recipe = replace(recipe, data=replace(recipe.data, sources=present(recipe.data.sources, self.place.data)))
        if self.most:
            pairs = zip(recipe.data.sources, self.most, strict=True)
            sources = tuple(replace(source, most=most) for source, most in pairs)
            recipe = replace(recipe, data=replace(recipe.data, sources=sources))
        return recipe

    def choose_space(self, first: Taste) -> Taste:
        """Latents, or the pixels of small pictures; mirrored if few; own prompts."""
        named = {source.name for source in recipe_from(self.base).data.sources}
        if not {source.name for source in self.recipe().data.sources} <= named:
            prompts = list(dict.fromkeys(plain_prompt(row) for row, _ in first.sample))[:8]
            self.chosen.append(f"watch.prompts={json.dumps(prompts, ensure_ascii=False)}")
        if sum(first.pictures) < FEW:
            self.chosen.append("data.flip=0.5")
        where = "in the latents of the autoencoder velatura, 16 x 16 x 12 for 128 px, which keep what is transparent"
        if first.side <= SMALL:
            self.chosen += in_pixels()
            where = f"on the pixels themselves, 32 x 32, as the pictures have a side of about {first.side}"
        self.notes.append(f"trains {where}")
        return taste(self.recipe(), self.place)

    def choose_pictures(self, first: Taste) -> float:
        """All pictures, or as many as can be prepared in time; the seconds that this will take."""
        count, allowed = sum(first.pictures), PREPARING * self.seconds
        if count * first.preparing <= allowed:
            return count * first.preparing
        if ready(self.recipe(), self.place):
            self.notes.append(f"all {count} pictures: they are in the cache already")
            return 0.0
        sources, fits = self.recipe().data.sources, allowed / first.preparing
        shown = [source.weight * n for source, n in zip(sources, first.pictures, strict=True)]
        self.most = tuple(max(64, round(fits * s / sum(shown))) for s in shown)
        used = sum(map(min, self.most, first.pictures))
        self.notes.append(
            f"{used} of {count} pictures: to prepare all would take {count * first.preparing:.0f} s of {self.seconds:g}"
        )
        return used * first.preparing

    def choose_network(self, first: Taste, preparing: float) -> tuple[Rehearsal, int]:
        """The largest network that sees enough pictures, with its speed and how many it will see."""
        largest = f"optimiser.batch={64 if self.place.device.type == 'cpu' else 256}"
        family = [[]] if self.given else [[*of_width(widths), largest] for widths in WIDTHS]
        found: tuple[list[str], Rehearsal, int] | None = None
        for changes in family:
            recipe = self.recipe(changes)
            size = sum(p.numel() for p in described_network(recipe).parameters())
            if found and found[2] < PER_THOUSAND * size / 1000:
                self.notes.append(
                    f"the next network, of {size / 1e6:.1f} million, would see too few pictures for its size"
                )
                break
            tried = rehearse(recipe, first.sample, self.place.device, seconds=min(4.0, REHEARSING * self.seconds))
            left = AIM * self.seconds - (self.clock() - self.began) - preparing - LOOKING * self.seconds
            images = max(recipe.optimiser.batch, int(left * tried.rate))
            if found and images < PER_THOUSAND * size / 1000:
                self.notes.append(f"the next network, of {size / 1e6:.1f} million, would see only {images} pictures")
                break
            found = changes, tried, images
        assert found is not None
        self.chosen += found[0]
        return found[1], found[2]

    def choose_schedule(self, tried: Rehearsal, images: int) -> None:
        """Batch, warm-up, cool-down, and how often the run looks at itself."""
        recipe = self.recipe()
        if not self.given:
            self.chosen.append(f"optimiser.batch={batch_for(images, recipe.optimiser.batch)}")
            looks = looks_for(tried.rate, self.seconds, len(recipe.watch.prompts))
            self.chosen += [f"watch.{name}={value}" for name, value in asdict(looks).items()]
        self.chosen += scheduled(self.recipe(), images, tried.rate, self.seconds)
        recipe = self.recipe()
        self.notes += [
            f"a network of {tried.parameters / 1e6:.1f} million parameters: {tried.rate:.0f} pictures/s here, about "
            f"{images} in the time left",
            f"batches of {recipe.optimiser.batch}, warm-up over {recipe.rate.warmup} pictures, cool-down in the last "
            f"{COOLDOWN:.0%} of the time, by the clock",
        ]


def present(sources: Sequence[SourceChoice], data: Path | None) -> tuple[SourceChoice, ...]:
    """Those that are there; all, to be complained of, where none is."""

    def found(source: SourceChoice) -> bool:
        try:
            return locate(source.name, data).exists()
        except CorpusError:
            return False

    return tuple(filter(found, sources)) or tuple(sources)


def ready(recipe: TrainRecipe, place: Place) -> bool:
    """Whether everything is in the cache already."""

    def report(what: str, done: int, total: int) -> None:
        raise Missing

    where = replace(place, report=report)
    recipe, _ = with_pictures_to_look_at(recipe, place)
    try:
        if recipe.objective in ("autoencoder", "towers"):
            open_sources(recipe, where, channels_of(recipe.network.get("channels", 3)))
        else:
            gather(recipe, where)
    except Missing:
        return False
    return True


class Missing(Exception):
    """Something would have to be prepared."""

"""A run from its first picture or from where it stopped: recipe, folder, trainer, and its events written down."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sfumato.engine import describe
from sfumato.errors import CheckpointError, RecipeError
from sfumato.train.build import Built, build, described_network
from sfumato.train.data_change import data_change, left_out, refuse
from sfumato.train.events import Event, HeldOut, Horizon, Metrics, Note
from sfumato.train.folder import RunFolder
from sfumato.train.follower import FollowedFolder
from sfumato.train.further import AT_ITS_END, changes_made, changes_to, in_words, rate_from
from sfumato.train.looked_at import with_pictures_to_look_at
from sfumato.train.loop import Stop, Trainer, train
from sfumato.train.material import Place
from sfumato.train.memory import refuse_large_batch, refuse_large_state, size_of
from sfumato.train.own_data import with_own_data
from sfumato.train.pace import refuse_hurry
from sfumato.train.progress import Progress
from sfumato.train.rate import refuse_past
from sfumato.train.reading import changed, recipe_from
from sfumato.train.recipe import TrainRecipe
from sfumato.train.sharded import Sharded
from sfumato.train.shares import refuse_uneven
from sfumato.train.small_set import small_set
from sfumato.train.spread import Alone, Replicated, Spread
from sfumato.train.state import load_checkpoint, open_checkpoint
from sfumato.train.team import Team
from sfumato.train.tensorboard import Board

CHANGEABLE = ("rate", "watch", "process.density", "optimiser.lr", "optimiser.micro", "about", "space.autoencoder")
"""What a resumed run may change; anything else would make it another run."""


@dataclass(frozen=True, eq=False)
class Session:
    """A trainer, the folder it works in, a network for its averaged weights, and what to tell the user first."""

    trainer: Trainer
    folder: RunFolder
    averaged: nn.Module
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()


def begin(
    recipe: TrainRecipe,
    out: Path,
    place: Place,
    start: dict[str, torch.Tensor] | None = None,
    images: int = 0,
    given: str = "given weights",
) -> Session:
    """A new run in `out`. start: weights to begin from instead of random ones, with the images that they have seen.

    given: what these weights are called in the run's log and its run.json.

    Raises OutputError where `out` holds a run, and what build raises.
    """
    folder = folder_for(out, place.team)
    try:
        folder.refuse_run()
        refuse_spread(recipe, place)
        refuse_past(recipe.rate, images)
        refuse_large(recipe, place)
        recipe, notes = with_own_data(recipe, place.data)
        recipe, looks = with_pictures_to_look_at(recipe, place)
        with place.team.leader_first():
            built = build(recipe, place)
        refuse_large_batch(recipe, built.objective, place.team)
        notes += looks + left_out(built.facts) + small_set(built.facts, given=start is not None)
        trainer = Trainer(recipe, built.objective, Progress(images=images, warm_from=images), spread_over(place, built))
        if start is not None:
            trainer.begin_from(start)
            notes.append(f"begins from {given} at {images} images: new optimiser, new warm-up")
        folder.begin(
            about(recipe, place, built, origin={"images": images, "from": given} if start is not None else None)
        )
        if start is not None:
            folder.log({"event": "start", "images": images, "from": given})
    except BaseException:
        folder.close()
        raise
    return Session(trainer, folder, built.averaged, built.facts, tuple(notes))


def resume(
    out: Path,
    place: Place,
    *,
    changes: Sequence[str] = (),
    cooldown: int = 0,
    accept_data_change: bool = False,
    to_train: bool = True,
) -> Session:
    """Go on with the run in `out` from its newest sound checkpoint, with the horizon or the logging changed if asked.

    changes: those that change nothing are none. cooldown: end the run that many images from now, the learning rate
    going to zero on the way; a run by the clock is off it then, as with rate.images changed. accept_data_change: go on
    though the data are others. to_train: False where the weights are only asked for, so that a step need not fit in
    memory. Raises CheckpointError where there is nothing to go on with or the data changed, RecipeError for a change
    that would make it another run, or where a step cannot fit.
    """
    if not out.is_dir():
        raise CheckpointError(f"there is no run at {out}; start one with sfumato train DATA --recipe NAME --out {out}")
    folder = folder_for(out, place.team)
    try:
        known = folder.about()
        if to_train:
            refuse_large(recipe_from(known["recipe"]), place)
        checkpoint, path, passed = folder.latest(open_checkpoint if place.sharded else load_checkpoint)
        place.team.wait()
        images = checkpoint.about["progress"]["images"]
        entries = folder.entries(checkpoint)
        changes = changes_to(known, entries, images, changes, cooldown)
        refuse_another_run(changes)
        recipe = recipe_from(changed(known["recipe"], changes))
        refuse_spread(recipe, place)
        given = Path(known["data"]) if known.get("data") else None
        with place.team.leader_first():
            built = build(recipe, replace(place, data=place.data or given))
        if to_train:
            refuse_large_batch(recipe, built.objective, place.team, lent=size_of(checkpoint, place.device))
        change = data_change(known["facts"], built.facts, place.cache)
        if not accept_data_change:
            refuse(change)
        trainer = Trainer(recipe, built.objective, Progress(), spread_over(place, built))
        trainer.restore(checkpoint)
        folder.cut_log(checkpoint)
        trainer.recipe = replace(recipe, rate=rate_from(known, recipe, entries, images))
        folder.set_aside(list(passed))
        notes = (f"goes on from {path.name} ({images} images)", *in_words(passed, changes, change))
        notes += (AT_ITS_END,) if trainer.finished and to_train else ()
        if made := changes_made(known, recipe, images, changes, change):
            now = {"recipe": asdict(recipe), "facts": built.facts, "data": data_of(place.data or given)}
            folder.describe({**known, **now, "changes": [*known["changes"], *made]})
    except BaseException:
        folder.close()
        raise
    return Session(trainer, folder, built.averaged, built.facts, notes)


def run(session: Session, stop: Stop) -> Iterator[Event]:
    """Train, writing each event to the log and to TensorBoard as it passes. The folder is let go of at the end."""
    leads = session.trainer.spread.team.leads
    board = None
    try:
        board = Board(session.folder.path / "tensorboard") if leads else None
        yield from map(note, (*session.notes, *(board.notes if board else ())))
        for event in train(session.trainer, session.folder, stop=stop, averaged=session.averaged):
            if isinstance(event, Metrics | HeldOut | Horizon):
                session.folder.log({"event": type(event).__name__.lower(), **asdict(event)})
            if board and isinstance(event, Metrics | HeldOut):
                yield from map(note, board.write(event))
            yield event
    finally:
        if board:
            board.close()
        session.folder.close()


def note(text: str) -> Note:
    """A line for people."""
    return Note(text=text)


def folder_for(out: Path, team: Team) -> RunFolder:
    """The run's folder: the leader's, who alone writes, or a follower's."""
    return RunFolder(out) if team.leads else FollowedFolder(out)


def spread_over(place: Place, built: Built) -> Spread:
    """How the work is spread over the processes there are."""
    if place.team.size == 1:
        return Alone(built.objective)
    return (Sharded if place.sharded else Replicated)(built.objective, place.team)


def refuse_large(recipe: TrainRecipe, place: Place) -> None:
    """Raise RecipeError where the state of the recipe's network cannot fit in this process's memory."""
    refuse_large_state(recipe, described_network(recipe), place.team, sharded=place.sharded)


def refuse_spread(recipe: TrainRecipe, place: Place) -> None:
    """Raise RecipeError for what shards cannot do, or a team by the clock."""
    refuse_hurry(recipe.rate, place.team.size == 1)
    if place.sharded and recipe.optimiser.kind == "muon":
        raise RecipeError(
            "Muon turns whole matrices, and --spread shards has rows of them; take optimiser.kind='adamw'"
        )
    if place.sharded:
        refuse_uneven(recipe.optimiser.batch, recipe.optimiser.micro, place.team.size)


def about(recipe: TrainRecipe, place: Place, built: Built, origin: dict[str, Any] | None) -> dict[str, Any]:
    """What run.json says."""
    return {
        "format": "sfumato-run",
        "version": 1,
        "recipe": asdict(recipe),
        "data": data_of(place.data),
        "facts": built.facts,
        "origin": origin,
        "changes": [],
        "engine": {**describe(place.device), "threads": torch.get_num_threads()},
    }


def refuse_another_run(changes: Sequence[str]) -> None:
    """Raise RecipeError for a change to anything that is not CHANGEABLE."""
    for change in changes:
        key = change.partition("=")[0]
        if not any(key == c or key.startswith(c + ".") for c in CHANGEABLE):
            allowed = ", ".join(CHANGEABLE)
            raise RecipeError(
                f"--set {change!r} would make this another run; a resumed one may change {allowed}: start a new run"
            )


def data_of(given: Path | None) -> str | None:
    """Where the data lie, for run.json."""
    return str(given.resolve()) if given else None

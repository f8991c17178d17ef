"""`sfumato train DATA --budget 30min`: the plan, told as it is made."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sfumato.cli.bar import spell
from sfumato.cli.duration import seconds_in
from sfumato.errors import RecipeError

if TYPE_CHECKING:
    from sfumato.train.material import Place
    from sfumato.train.recipe import TrainRecipe


UNSAID = "30min"
"""The budget of a new run that is told of neither an end nor a recipe that has one."""


def budget_of(args: argparse.Namespace) -> str | None:
    """The budget asked for; UNSAID where DATA or a model to begin from stands alone; None for any other run."""
    if args.budget is not None or args.resume or args.recipe or args.images or args.cooldown or args.max_seconds:
        return args.budget
    if any(change.startswith(("rate.images", "rate.seconds")) for change in args.changes):
        return None
    return UNSAID if args.start or args.data or args.data_option else None


def refuse_beside(args: argparse.Namespace) -> None:
    """Raise RecipeError for a budget beside what contradicts it."""
    if args.resume:
        raise RecipeError(
            "--resume goes on with what is left of a run's budget; --set rate.seconds=N makes it N seconds in all"
        )
    if args.images or args.cooldown or args.max_seconds:
        raise RecipeError("--budget says when the run ends; it takes no --images, --cooldown and --max-seconds")


def planned(
    time: str, recipe: Mapping[str, Any] | None, changes: Sequence[str], place: "Place", began: float
) -> tuple["TrainRecipe", list[str]]:
    """A recipe for the time given, and what was chosen and why, which is told on stderr too.

    recipe: tables to keep to; None where the network is to be chosen.
    """
    from sfumato.train.budget import LEAST, MOST, Budget
    from sfumato.train.pace import refuse_hurry
    from sfumato.train.recipe import Rate

    seconds = seconds_in(time, least=LEAST, most=MOST)
    refuse_hurry(Rate(seconds=seconds), place.team.size == 1)
    budget = Budget(seconds, place, began=began, recipe=recipe, changes=changes)
    made = budget.plan()
    for line in (f"a budget of {spell(seconds)}, from the start of the command:", *budget.notes):
        print(line, file=sys.stderr, flush=True)
    return made, budget.notes

"""`sfumato train DATA --budget 30min`: the plan, told as it is made."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sfumato.cli.bar import spell
from sfumato.cli.duration import seconds_in
from sfumato.errors import RecipeError

if TYPE_CHECKING:
    from sfumato.train.material import Place
    from sfumato.train.recipe import TrainRecipe


def refuse_beside(args: argparse.Namespace) -> None:
    """Raise RecipeError for a budget beside what contradicts it."""
    if args.resume:
        raise RecipeError(
            "--resume goes on with what is left of a run's budget; --set rate.seconds=N makes it N seconds in all"
        )
    if args.images or args.cooldown or args.max_seconds:
        raise RecipeError("--budget says when the run ends; it takes no --images, --cooldown and --max-seconds")
    if args.start and not args.recipe:
        raise RecipeError("--budget chooses a network that --from cannot know; name the model's recipe by --recipe")


def planned(
    args: argparse.Namespace, changes: Sequence[str], place: "Place", began: float
) -> tuple["TrainRecipe", list[str]]:
    """A recipe for the time given, and what was chosen and why, which is told on stderr too."""
    from sfumato.train.budget import LEAST, MOST, Budget
    from sfumato.train.pace import refuse_hurry
    from sfumato.train.recipe import Rate

    seconds = seconds_in(args.budget, least=LEAST, most=MOST)
    refuse_hurry(Rate(seconds=seconds), place.team.size == 1)
    budget = Budget(seconds, place, began=began, recipe=args.recipe, changes=changes)
    recipe = budget.plan()
    for line in (f"a budget of {spell(seconds)}, from the start of the command:", *budget.notes):
        print(line, file=sys.stderr, flush=True)
    return recipe, budget.notes

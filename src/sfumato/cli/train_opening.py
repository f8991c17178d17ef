"""The run that `sfumato train` is about: a new one, the one to resume, or the one that --out holds."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.cli.launch import begun_before
from sfumato.cli.train_budget import budget_of, planned
from sfumato.errors import RecipeError

if TYPE_CHECKING:
    from sfumato.train.material import Place
    from sfumato.train.session import Session


def open_session(args: argparse.Namespace, place: "Place", began: float) -> "Session":
    """A new run, or the one to resume. began: the clock's time when the command did."""
    from sfumato.train.rate import closing
    from sfumato.train.reading import changed, read_toml, recipe_from
    from sfumato.train.session import begin, resume
    from sfumato.train.start import weights_of

    changes = list(args.changes) + ([f"rate.images={args.images}"] if args.images else [])
    if args.resume:
        return resume(
            args.resume,
            place,
            changes=changes,
            cooldown=args.cooldown,
            accept_data_change=args.accept_data_change,
            to_train=not args.export,
        )
    table = table_of(args)
    recipe, notes = recipe_from(changed(table or read_toml("abbozzo"), changes)), []
    out = args.out or Path("runs") / recipe.name
    if begun_before(out, place.team, args.go_on):
        return gone_on(resume(out, place, changes=changes, accept_data_change=args.accept_data_change), args.cooldown)
    if time := budget_of(args):
        if args.budget is None:
            print(f"takes {time}: --budget TIME takes another, --recipe NAME ends as it says", file=sys.stderr)
        recipe, notes = planned(time, table, changes, place, began)
    start = weights_of(args.start, recipe) if args.start else (None, 0)
    if args.cooldown:
        recipe = replace(recipe, rate=closing(recipe.rate, start[1], args.cooldown))
    session = begin(recipe, out, place, *start, given=args.start or "")
    if notes:
        session.folder.log({"event": "plan", "images": start[1], "lines": notes})
    return session


def table_of(args: argparse.Namespace) -> dict[str, Any] | None:
    """The recipe named, or that of the model to begin from; None where the budget is to choose."""
    from sfumato.train.reading import read_toml
    from sfumato.train.tuning import recipe_of

    if args.recipe:
        return read_toml(args.recipe)
    return recipe_of(args.start) if args.start else None


def gone_on(session: "Session", cooldown: int) -> "Session":
    """The run that --out holds, where a cool-down beside --go-on is the one that it began with. Raises RecipeError."""
    from sfumato.train.rate import closing

    rate, began, run = session.trainer.recipe.rate, session.trainer.progress.warm_from, session.folder.path
    if cooldown and closing(rate, began, cooldown) != rate:
        session.folder.close()
        raise RecipeError(
            f"the run in {run} was not begun with --cooldown {cooldown}, and --go-on goes on with it as it is; to end "
            f"it in {cooldown} pictures from now: sfumato train --resume {run} --cooldown {cooldown}"
        )
    return session

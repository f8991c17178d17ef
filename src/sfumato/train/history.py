"""What a run's card says of how its weights came to be, whatever it trained."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sfumato.corpus.rows import Row
from sfumato.train.machine import machine
from sfumato.train.session import Session


def history(session: Session, rows: Sequence[Sequence[Row]]) -> dict[str, Any]:
    """Data, licences, recipe, images, hours, machine, parameters; the chosen width and the teacher, if any."""
    progress, facts = session.trainer.progress, session.facts
    chosen = {name: facts[name] for name in ("average", "teacher") if name in facts}
    return {
        "data": facts["sources"],
        "licences": dict(Counter(row.license for some in rows for row in some).most_common()),
        "recipe": asdict(session.trainer.recipe),
        "images": progress.images,
        "hours": round(progress.seconds / 3600, 2),
        "machine": machine(session.trainer.device),
        "parameters": facts["parameters"],
        **chosen,
    }


def last_look(session: Session) -> dict[str, Any] | None:
    """The newest held-out line of the run's log."""
    return next((e for e in reversed(session.folder.entries()) if e["event"] == "heldout"), None)

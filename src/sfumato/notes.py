"""What a user should know before drawing, though nothing is refused: how a prompt is read, what a model is made for."""

from sfumato.pipeline import Bundle
from sfumato.recipe import PROMPT_LIMIT, Recipe


def prompt_notes(bundle: Bundle, prompt: str) -> tuple[str, ...]:
    """Where a prompt is cut, which of its words are unknown."""
    read = getattr(bundle.conditioner, "notes", None)
    notes = () if read is None else tuple(read(prompt[:PROMPT_LIMIT]))
    if len(prompt) >= PROMPT_LIMIT:
        notes = (f"the prompt is cut after {PROMPT_LIMIT} characters, which is all that a recipe holds", *notes)
    return notes


def recipe_notes(bundle: Bundle, recipe: Recipe) -> tuple[str, ...]:
    """More steps or another guidance than a model of few steps was trained for, or its sampler without such a model."""
    few, notes = bundle.card.get("few_steps"), []
    most = few.get("most") if isinstance(few, dict) else None
    if isinstance(most, int) and recipe.steps > most:
        notes.append(f"{bundle.name!r} is made for 1 to {most} steps; {recipe.steps} are drawn, and need not be better")
    if few is None and recipe.sampler["kind"] == "consistency":
        notes.append(
            f"sampler 'consistency' is for models of few steps, and {bundle.name!r} is none: expect blurred pictures"
        )
    if recipe.guidance["kind"] == "embedded":
        scale, (low, high) = recipe.guidance["scale"], recipe.guidance["range"]
        if not low <= scale <= high:
            notes.append(f"guidance {scale:g} lies outside {low:g} to {high:g}, the range that {bundle.name!r} learnt")
        if recipe.negative:
            notes.append(f"the negative prompt has no say: {bundle.name!r} learnt its guidance without one")
    return tuple(notes)

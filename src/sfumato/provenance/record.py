"""What a file says of its picture: the whole recipe, or the recipe without what is private.

A private record leaves out prompts and seeds (with the seed, a guessed prompt could be tried out) and the hashes of
what was drawn over (a guessed picture could be hashed), and holds sha256(salt + prompt) instead. The salt lies in the
sidecar with the recipe, so the file alone does not betray even a short prompt, and the two together prove that they
belong to each other.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sfumato.errors import RecipeError
from sfumato.recipe import Recipe, canonical

PRIVATE = ("prompt", "negative", "seed", "between", "init", "mask")


@dataclass(frozen=True, kw_only=True)
class Record:
    """`public` goes into the file; `recipe` is known where nothing is hidden, or once the sidecar is read."""

    public: Mapping[str, Any]
    recipe: Recipe | None = None
    salt: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """What stands in the file: canonical JSON."""
        return canonical(self.public)

    @property
    def private(self) -> bool:
        """Whether the prompt is hidden."""
        return "prompt_sha256" in self.public

    @property
    def sidecar(self) -> bytes:
        """The file beside a private picture: the whole recipe and the salt."""
        recipe = {} if self.recipe is None else self.recipe.to_dict()
        return (json.dumps({"recipe": recipe, "salt": self.salt}, indent=2, sort_keys=True) + "\n").encode()


def open_record(recipe: Recipe) -> Record:
    """The whole recipe."""
    return Record(public=recipe.to_dict(), recipe=recipe)


def private_record(recipe: Recipe, salt: str | None = None) -> Record:
    """The recipe without prompt and seed, and a salted hash of the prompt."""
    salt = secrets.token_hex(16) if salt is None else salt
    public = {name: value for name, value in recipe.to_dict().items() if name not in PRIVATE}
    return Record(public=public | {"prompt_sha256": hashed(recipe.prompt, salt)}, recipe=recipe, salt=salt)


def forked_record(legs: Sequence[tuple[int, Recipe]]) -> Record:
    """Of a picture drawn in legs (inspect/fork.py): from which step on each recipe held. None of them is its own."""
    recipe = legs[-1][1]
    told = [{"start": start, "recipe": one.to_dict()} for start, one in legs]
    own = {"model": recipe.model, "prompt": recipe.prompt, "engine": dict(recipe.engine), "version": recipe.version}
    return Record(public=own | {"legs": told})


def hashed(prompt: str, salt: str) -> str:
    """sha256 of salt and prompt."""
    return hashlib.sha256(salt.encode() + prompt.encode("utf-8", "surrogatepass")).hexdigest()


def read_record(text: str) -> Record:
    """The record in a file's text. Raises RecipeError where it is none of ours, or newer."""
    try:
        public = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise RecipeError("the picture's recipe is damaged: it is not valid JSON") from problem
    if isinstance(public, dict) and "prompt_sha256" in public:
        return Record(public=public)
    if isinstance(public, dict) and "legs" in public:
        raise RecipeError(
            "the picture was forked, so that no one recipe makes it; its run's export or its Python makes it again"
        )
    return Record(public=public, recipe=Recipe.from_dict(public))


def with_sidecar(record: Record, sidecar: bytes) -> Record:
    """A private record joined with its sidecar. Raises RecipeError where the two do not belong together."""
    try:
        entries = json.loads(sidecar)
        recipe, salt = Recipe.from_dict(entries["recipe"]), entries["salt"]
        fits = private_record(recipe, salt).public == record.public
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise RecipeError("the sidecar beside the picture is damaged; it should hold a recipe and a salt") from problem
    if not fits:
        raise RecipeError("the sidecar does not belong to this picture: its recipe does not fit the hash inside")
    return Record(public=record.public, recipe=recipe, salt=salt)

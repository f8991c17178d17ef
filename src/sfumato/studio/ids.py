"""Names for what a reader gave the server: made here, unguessable, looked up in a table and never part of a path."""

import secrets
import string
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from sfumato.errors import RecipeError

ALPHABET = string.ascii_lowercase + string.digits
LENGTH = 26
"""36^26 names: 134 bits."""

Item = TypeVar("Item")


class Shelf(Generic[Item]):
    """A bounded table from made-up names to things; the one not used for longest makes room.

    size and limit: what a thing weighs, and what all of them may weigh together; the newest is kept whatever it weighs.
    """

    def __init__(
        self, kind: str, capacity: int, *, size: Callable[[Item], int] = lambda item: 0, limit: int = 0
    ) -> None:
        """`kind` is what an unknown name is called in the message."""
        self.kind, self.capacity, self.size, self.limit = kind, capacity, size, limit
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, item: Item) -> str:
        """Keep it and answer its name."""
        name = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        with self._lock:
            self._items[name] = item
        self.settle()
        return name

    def settle(self) -> None:
        """Make room, now that something new is there or something has grown."""
        with self._lock:
            while len(self._items) > 1 and (len(self._items) > self.capacity or self._weight() > self.limit):
                self._items.popitem(last=False)

    def drop(self, name: str) -> None:
        """Give the thing up. Raises RecipeError where there is none of that name."""
        self.get(name)
        with self._lock:
            self._items.pop(name, None)

    def all(self) -> list[tuple[str, Item]]:
        """Names and things, the one not used for longest first."""
        with self._lock:
            return list(self._items.items())

    def _weight(self) -> int:
        return sum(map(self.size, self._items.values()))

    def get(self, name: str) -> Item:
        """The thing of that name.

        Raises:
            RecipeError: never given out, or given up since.
        """
        with self._lock:
            if name not in self._items:
                raise RecipeError(f"no such {self.kind} here (the newest {self.capacity} are kept); send it again")
            self._items.move_to_end(name)
            return self._items[name]

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._items)

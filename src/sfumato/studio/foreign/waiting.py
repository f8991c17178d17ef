"""Who waits for a picture, the first of them being drawn."""

from sfumato.studio.foreign.order import Order

LIMIT = 16
"""How many orders may wait."""


class Line:
    """First come, first drawn."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._orders: list[Order] = []

    @property
    def current(self) -> Order | None:
        """The order that is drawn now."""
        return next(iter(self._orders), None)

    def enter(self, order: Order) -> bool:
        """Wait from now on; False where too many do."""
        if len(self._orders) >= LIMIT:
            return False
        self._orders.append(order)
        return True

    def leave(self, order: Order) -> None:
        """Wait no more, and be drawn no further."""
        order.interrupted = True
        if order in self._orders:
            self._orders.remove(order)

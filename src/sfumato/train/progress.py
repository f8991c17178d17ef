"""The few numbers that, beside the weights, are the whole state of a run."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Progress:
    """step: updates made. images: pictures shown. seconds: spent training, over all slices.

    warm_from: images at which the warm-up began (above 0 where a run starts from given weights). loss_sum, norm_sum,
    count: the metrics gathered since the last line of the log, so that the log too goes on as if nothing had happened.
    spent: of a budget of time, preparations and looks included; 0 where there is none.
    """

    step: int = 0
    images: int = 0
    seconds: float = 0.0
    warm_from: int = 0
    loss_sum: float = 0.0
    norm_sum: float = 0.0
    count: int = 0
    spent: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

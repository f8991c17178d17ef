"""The learning rate as a function of the pictures shown, and where it ends."""

import math
from dataclasses import replace

from sfumato.errors import RecipeError
from sfumato.train.recipe import Rate


def learning_rate(rate: Rate, peak: float, images: int, warm_from: int = 0) -> float:
    """peak x warm-up x cool-down.

    Warm-up is linear over `rate.warmup` images counted from `warm_from` (where a run that began from given weights
    started). Cool-down goes to zero over the last `rate.cooldown` images before `rate.images`: with u in [0, 1] the
    part of it that is over, 1 - u (linear) or (1 + cos(pi u)) / 2 (cosine).
    """
    warm = min(1.0, (images - warm_from + 1) / rate.warmup) if rate.warmup > 0 else 1.0
    if rate.images <= 0 or rate.cooldown <= 0:
        return peak * warm
    u = min(1.0, max(0.0, (images - (rate.images - rate.cooldown)) / rate.cooldown))
    down = 1.0 - u if rate.shape == "linear" else 0.5 * (1.0 + math.cos(math.pi * u))
    return peak * warm * down


def closing(rate: Rate, images: int, cooldown: int) -> Rate:
    """The rate of a run that ends `cooldown` images after `images`, the learning rate going to zero on the way."""
    return replace(rate, images=images + cooldown, cooldown=cooldown, seconds=0.0)


def ending(rate: Rate, images: int, more: int) -> list[str]:
    """The changes by which a run that is at `images` ends in `more` of them; none for 0.

    The learning rate goes to zero from where it is: where the share f of a cool-down is left, `more` is the share f of
    the new one. Without a cool-down, and where the run had ended, it begins at its peak.
    """
    if not more:
        return []
    left = (rate.images - images) / rate.cooldown if rate.cooldown > 0 else 1.0
    return [f"rate.images={images + more}", f"rate.cooldown={round(more / left) if 0 < left < 1 else more}"]


def refuse_past(rate: Rate, images: int) -> None:
    """Raise RecipeError for a run that would begin, with weights that have seen so many images, at its end or later."""
    if 0 < rate.images <= images:
        raise RecipeError(
            f"the run would end at {rate.images} images, but the weights that it begins from have seen {images}, which "
            f"count; --cooldown N ends it N pictures later, or set rate.images above {images}"
        )

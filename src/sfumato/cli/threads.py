"""How many threads the commands use: a power of two, so that no pixel depends on it."""

from sfumato.engine import power_below


def even_threads() -> None:
    """Let torch use a power of two of threads, the largest within what it uses now.

    Elementwise functions are cut into equal parts, one a thread, and the odd elements at the end of a part are
    computed by other instructions than the rest, whose last bit may differ. Parts that are cut in halves have no odd
    elements.
    """
    import torch

    torch.set_num_threads(power_below(torch.get_num_threads()))

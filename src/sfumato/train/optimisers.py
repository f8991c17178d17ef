"""The optimisers of a run: AdamW for everything, or Muon for the matrices inside the blocks and AdamW elsewhere."""

from collections.abc import Sequence

import torch
from torch import nn

from sfumato.train.muon import Muon
from sfumato.train.recipe import Optimiser


def optimisers(net: nn.Module, options: Optimiser, dtype: torch.dtype) -> list[torch.optim.Optimizer]:
    """What a recipe's [optimiser] asks for. Weight decay falls on parameters of two and more axes only.

    dtype: of Muon's matrix products.
    """
    named = dict(net.named_parameters())
    turned = [p for name, p in named.items() if options.kind == "muon" and p.ndim >= 2 and in_block(name)]
    held = {id(p) for p in turned}
    rest = [p for p in named.values() if id(p) not in held]
    groups = [
        {"params": [p for p in rest if p.ndim >= 2], "weight_decay": options.weight_decay},
        {"params": [p for p in rest if p.ndim < 2], "weight_decay": 0.0},
    ]
    found: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(groups, lr=options.lr, betas=options.betas, eps=options.eps, fused=True)
    ]
    if turned:
        found.append(Muon(turned, lr=options.lr, weight_decay=options.weight_decay, dtype=dtype))
        found[-1].param_groups[0]["share"] = options.muon
    return found


def set_rate(optimisers: Sequence[torch.optim.Optimizer], lr: float) -> None:
    """The learning rate of the next update, each group taking its share of it."""
    for group in (group for optimiser in optimisers for group in optimiser.param_groups):
        group["lr"] = lr * group.get("share", 1.0)


def in_block(name: str) -> bool:
    """Whether a parameter belongs to one of a network's repeated blocks: its path then has a number in it.

    What lies outside (first and last layer, embeddings of time and text) is no hidden matrix, and AdamW suits it better
    (Jordan et al. 2024).
    """
    return any(part.isdigit() for part in name.split("."))

"""`torchrun ... -m sfumato train ...`: which device each process takes, who speaks, and what a restart means."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from sfumato.train.team import Team


def own_device(name: str) -> "torch.device":
    """The named device; under torchrun each process of a machine takes the CUDA device of its local rank.

    Raises UnavailableError where there is no such device.
    """
    from sfumato.parts import device_named

    device = device_named(name)
    if device.type != "cuda" or device.index is not None or "LOCAL_RANK" not in os.environ:
        return device
    return device_named(f"cuda:{os.environ['LOCAL_RANK']}")


def begun_before(run: Path, team: "Team", go_on: bool) -> bool:
    """Whether a command that begins `run` is to go on with it instead, by the word of the leader.

    So it is where `go_on` asks for it or torchrun has lost a worker and started all of them anew, and the run has a
    checkpoint already.
    """
    from sfumato.train.state import listed

    restarted = team.agree(int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0)
    return (go_on or restarted) and team.agree(team.leads and bool(listed(run / "checkpoints")))

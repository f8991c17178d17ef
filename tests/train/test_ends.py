"""A denoiser's weights under other latents or text: what meets them is born anew, a misfit is still refused."""

import pytest
import torch

from sfumato.errors import CheckpointError
from sfumato.nets.dit import DiT
from sfumato.nets.unet import UNet
from sfumato.train.ends import ENDS, READERS, with_new_ends
from sfumato.train.moments import refuse_misfit
from tiny import randomised

UNET = {"block_out_channels": (32, 64), "attend": ("none", "text"), "token_dim": 16, "norm_groups": 8, "head_dim": 32}


def unet(channels, **options):
    return randomised(UNet(in_channels=channels, out_channels=channels, **{**UNET, **options}), 3, 0.1)


def dit(channels, **options):
    widths = {"width": 32, "depth": 1, "heads": 2, "token_dim": 16} | options
    return randomised(DiT(in_channels=channels, out_channels=channels, **widths), 3, 0.1)


@pytest.mark.parametrize(("kind", "made"), [("unet", unet), ("dit", dit)])
def test_only_the_ends_are_born_anew(kind, made):
    old, born = made(4).state_dict(), {k: v + 1.0 for k, v in made(6).state_dict().items()}
    fitted = with_new_ends(old, born, kind)
    refuse_misfit(fitted, born, "weights")
    anew = {name for name in born if name.startswith(tuple(f"{end}." for end in ENDS[kind]))}
    assert anew
    for name, value in fitted.items():
        assert torch.equal(value, born[name] if name in anew else old[name]), name


@pytest.mark.parametrize(("kind", "made", "count"), [("unet", unet, 2 * 4 + 1), ("dit", dit, 2 + 1)])
def test_another_text_encoder_leaves_all_but_its_readers(kind, made, count):
    old = made(4, pooled_dim=16).state_dict()
    born = {k: v + 1.0 for k, v in made(4, token_dim=24, pooled_dim=24).state_dict().items()}
    fitted = with_new_ends(old, born, kind)
    refuse_misfit(fitted, born, "weights")
    readers = {name for name in born if name.rpartition(".")[0].endswith(READERS)}
    assert len({name for name in readers if name.endswith(".weight")}) == count
    for name, value in fitted.items():
        assert torch.equal(value, born[name] if name in readers else old[name]), name


def test_equal_latents_keep_every_layer():
    old = unet(4).state_dict()
    fitted = with_new_ends(old, {k: v + 1.0 for k, v in old.items()}, "unet")
    assert all(fitted[name] is old[name] for name in old)


def test_other_widths_are_still_refused():
    old, born = unet(4).state_dict(), unet(6, block_out_channels=(32, 96)).state_dict()
    with pytest.raises(CheckpointError, match="is the recipe another one"):
        refuse_misfit(with_new_ends(old, born, "unet"), born, "weights")


def test_ends_alone_are_nothing_to_begin_from():
    old = {"conv_in.weight": torch.zeros(4, 2, 3, 3)}
    with pytest.raises(CheckpointError, match="same widths"):
        with_new_ends(old, {"conv_in.weight": torch.zeros(4, 3, 3, 3)}, "unet")

"""How differently two pictures look to a denoiser: what its way down makes of them, and when a distillation asks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.train.tiny_teacher import place, recipe_of

from sfumato.clocks import Time
from sfumato.conditioner import Conditioning
from sfumato.errors import RecipeError
from sfumato.nets.unet import UNet
from sfumato.process.parameterisation import Flow
from sfumato.process.rectified import Rectified
from sfumato.train.chance import seeded
from sfumato.train.noising import on_device
from sfumato.train.objective import Moment
from sfumato.train.perceptual import Eyes, Look
from sfumato.train.session import begin

COND = Conditioning(torch.ones(3, 2, 8), torch.ones(3, 2, dtype=torch.bool), (("p", "q"),) * 3)


@pytest.fixture(scope="module")
def eyes():
    options = {
        "block_out_channels": [8, 16],
        "attend": ["none", "text"],
        "head_dim": 8,
        "norm_groups": 4,
        "token_dim": 8,
    }
    with seeded(3):
        net = UNet(in_channels=3, out_channels=3, **options)
        for parameter in net.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return Eyes(net.requires_grad_(False), Flow(), Time(scale=1000.0), torch.float32)


def look(seed=0):
    eps = torch.randn((3, 3, 8, 8), generator=torch.Generator().manual_seed(seed))
    return Look(on_device(Rectified()(np.array([0.05, 0.1, 0.3])), torch.device("cpu")), eps)


def picture(seed):
    return torch.randn((3, 3, 8, 8), generator=torch.Generator().manual_seed(seed))


def test_features_are_what_the_network_itself_makes(eyes):
    """The first map of every level of the way down, and that of the middle."""
    seen = []
    parts = [*eyes.net.down, eyes.net.mid]
    hooks = [part.register_forward_hook(lambda _, __, out: seen.append(out)) for part in parts]
    eyes.net(picture(1), torch.full((3,), 100.0), COND.tokens, COND.mask)
    for hook in hooks:
        hook.remove()
    found = eyes.net.features(picture(1), torch.full((3,), 100.0), COND.tokens, COND.mask)
    assert [tuple(feature.shape) for feature in found] == [(3, 8, 8, 8), (3, 16, 4, 4), (3, 16, 4, 4)]
    for feature, own in zip(found, seen, strict=True):
        torch.testing.assert_close(feature, own if torch.is_tensor(own) else own[0])


def test_the_same_picture_is_no_distance_away(eyes):
    assert eyes(picture(1), picture(1), look(), COND).tolist() == [0.0, 0.0, 0.0]


def test_each_place_counts_by_the_angle_between_its_features(eyes):
    """|a - b|^2 = 2 - 2 cos for unit vectors, the mean over places, the sum over maps; each sample by itself."""
    y, goal, at = picture(1), picture(2), look()
    found = eyes(y, goal, at, COND)
    level, noise = at.level, at.eps
    expected = torch.zeros(3)
    clock = (1000.0 * level.t).flatten()
    sides = [eyes.net.features(level.alpha * x + level.sigma * noise, clock, COND.tokens, COND.mask) for x in (y, goal)]
    for ours, theirs in zip(*sides, strict=True):
        cosine = torch.nn.functional.cosine_similarity(ours, theirs, dim=1)
        expected += (2.0 - 2.0 * cosine).mean(dim=(1, 2))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert (found > 0.1).all()


def test_the_gradient_goes_to_what_is_judged_alone(eyes):
    y, goal = picture(1).requires_grad_(), picture(2).requires_grad_()
    eyes(y, goal, look(), COND).sum().backward()
    assert goal.grad is None
    assert y.grad is not None
    assert (y.grad.flatten(1).norm(dim=1) > 0).all()
    assert all(p.grad is None for p in eyes.net.parameters())


@pytest.mark.parametrize("weight", [0.0, 2.0, 4.0])
def test_the_loss_is_larger_by_its_weight(weight, teacher, cache, tmp_path):
    losses = []
    for k, value in enumerate((0.0, weight, 1.0)):
        recipe = recipe_of(teacher, "distillation", "consistency.target=0.0", f"consistency.perceptual={value}")
        session = begin(recipe, tmp_path / str(k), place(cache))
        losses.append(session.trainer.objective.loss(Moment(step=3, shown=24, count=8), slice(0, 8)).item())
        session.folder.close()
    assert losses[2] > losses[0]
    assert losses[1] - losses[0] == pytest.approx(weight * (losses[2] - losses[0]), rel=1e-3)


def test_a_part_of_an_update_is_looked_at_as_in_the_whole(teacher, cache, tmp_path):
    recipe = recipe_of(teacher, "distillation", "consistency.perceptual=1.0")
    session = begin(recipe, tmp_path, place(cache))
    task, moment, x_0 = session.trainer.objective, Moment(step=3, shown=24, count=8), torch.zeros(8, 3, 16, 16)
    whole, part = task.look(x_0, moment, slice(0, 8)), task.look(x_0, moment, slice(4, 8))
    torch.testing.assert_close(part.eps, whole.eps[4:])
    torch.testing.assert_close(part.level.t, whole.level.t[4:])
    assert not torch.equal(task.look(x_0, replace(moment, step=4), slice(0, 8)).eps, whole.eps)
    session.folder.close()


@pytest.mark.parametrize("weight", [-1.0, float("inf")])
def test_a_weight_that_means_nothing_is_refused(weight, teacher):
    with pytest.raises(RecipeError, match=rf"consistency\.perceptual is {weight}"):
        recipe_of(teacher, "distillation", f"consistency.perceptual={weight}")


def test_only_distillation_has_a_teacher_s_eyes(teacher):
    with pytest.raises(RecipeError, match=r"'mean-flow' compares no ends .* set it to 0"):
        recipe_of(teacher, "mean-flow", "consistency.perceptual=1.0")


def test_a_network_without_a_way_down_is_refused(teacher, cache, tmp_path, monkeypatch):
    recipe = recipe_of(teacher, "distillation", "consistency.perceptual=1.0")
    monkeypatch.setattr("sfumato.train.consistency_build.UNet", int)
    with pytest.raises(RecipeError, match="needs the way down of a U-Net"):
        begin(recipe, tmp_path, place(cache))

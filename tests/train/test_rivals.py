"""A critic beside the autoencoder: each side has its own gradient, and none of it is exported."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sfumato.corpus.rows import Row
from sfumato.corpus.source import Source
from sfumato.latents import LatentSpace
from sfumato.nets.critic import Critic
from sfumato.nets.vae import VAE
from sfumato.train.autoencoding import Autoencoding
from sfumato.train.build import make_network
from sfumato.train.export_autoencoder import export_autoencoder
from sfumato.train.frozen_parts import known_scale, load_vae
from sfumato.train.loop import Trainer
from sfumato.train.order import Order
from sfumato.train.progress import Progress
from sfumato.train.recipe import AutoencoderLoss, Optimiser, Space, TrainRecipe, Watch
from sfumato.train.rivals import Rivals, autoencoder_in, rivalry
from sfumato.train.store import to_signed

OPTIONS = {"channels": 4, "widths": [8, 8], "encoder_depth": 1, "decoder_depth": 1, "z_channels": 3}


def gradients(loss, *leaves):
    return torch.autograd.grad(loss, leaves, allow_unused=True)


def test_each_side_moves_its_own_weights():
    noise = torch.Generator().manual_seed(0)
    critic = Critic(widths=(4, 8))
    x, y = (torch.rand(2, 3, 16, 16, generator=noise) * 2 - 1 for _ in range(2))
    y.requires_grad_()
    weights = list(critic.parameters())
    both = gradients(rivalry(critic, y, x, 0.3), y, *weights)
    torch.testing.assert_close(both[0], gradients(-0.3 * critic(y).mean(), y)[0])
    judging = torch.relu(1 - critic(x)).mean() + torch.relu(1 + critic(y.detach())).mean()
    torch.testing.assert_close(both[1:], gradients(judging, *weights))
    assert not any(w.requires_grad is False for w in weights)


def test_the_critic_learns_to_tell_the_two_apart():
    noise = torch.Generator().manual_seed(0)
    critic = Critic(widths=(8, 16))
    optimiser = torch.optim.Adam(critic.parameters(), 3e-3)
    x = torch.rand(16, 3, 16, 16, generator=noise) * 2 - 1
    y = torch.nn.functional.avg_pool2d(x, 3, 1, 1)
    for _ in range(60):
        optimiser.zero_grad()
        rivalry(critic, y, x, 0.0).backward()
        optimiser.step()
    assert float(critic(x).detach().mean()) > 0.5
    assert float(critic(y).detach().mean()) < -0.5


def recipe(adversarial):
    return TrainRecipe(
        name="x",
        objective="autoencoder",
        network={"kind": "vae", **OPTIONS},
        loss=AutoencoderLoss(adversarial=adversarial),
        optimiser=Optimiser(lr=1e-3, batch=4),
    )


def source():
    pictures = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 4), dtype=np.uint8)
    return Source("six", "six", tuple(Row(position=k, id=str(k), caption="x") for k in range(6)), pictures, ())


def trainer(adversarial):
    how = recipe(adversarial)
    task = Autoencoding(
        make_network(how), sources=[source()], val=source(), order=Order(0, [6], [1.0]), crop=0, flip=0.5,
        loss=how.loss, watch=Watch(heldout_rows=2), seed=0, device=torch.device("cpu"), dtype=torch.float32,
    )  # fmt: skip
    return Trainer(how, task, Progress())


def test_there_is_no_critic_unless_asked_for():
    assert isinstance(make_network(recipe(0.0)), VAE)
    assert isinstance(make_network(recipe(0.1)), Rivals)


@pytest.mark.parametrize("adversarial", [0.0, 0.1])
def test_a_run_trains_both_and_exports_the_autoencoder_with_its_scale(tmp_path, adversarial):
    run = trainer(adversarial)
    before = {name: value.clone() for name, value in run.objective.net.state_dict().items()}
    for _ in range(2):
        assert torch.isfinite(run.update()[0])
    after = run.objective.net.state_dict()
    moved = {name for name, value in before.items() if not torch.equal(after[name], value)}
    assert {name.partition(".")[0] for name in moved} == ({"vae", "critic"} if adversarial else {"encoder", "decoder"})
    assert np.isfinite(run.objective.held_out(8, run.objective.net).mean)
    assert run.objective.sheet(run.objective.net).shape == (4 * 18, 6 * 18, 3)

    export_autoencoder(SimpleNamespace(trainer=run), tmp_path / "out", "float32")
    space = Space(autoencoder=str(tmp_path / "out"))
    vae, _, options = load_vae(space)
    assert options == OPTIONS
    want = autoencoder_in(run.objective.net)
    assert set(vae.state_dict()) == set(want.state_dict())
    scale, shift = known_scale(space)
    assert json.loads((tmp_path / "out" / "autoencoder.json").read_text())["scale"] == scale
    latents = LatentSpace(vae, scale, shift).encode(to_signed(source().pictures))
    assert float(latents.mean.mean()) == pytest.approx(0.0, abs=2e-3)
    assert float((latents.mean**2 + latents.std**2).mean()) == pytest.approx(1.0, abs=5e-3)

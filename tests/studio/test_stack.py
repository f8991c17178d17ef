"""A transformer's X-ray: its tokens on the patch grid, its gates and branches, and what its switches take away."""

import numpy as np
import pytest
import torch

from sfumato.errors import RecipeError
from sfumato.inspect.branches import branches_of, dit_of
from sfumato.model import load
from sfumato.nets.cost import multiplications
from sfumato.studio.denoise import denoise
from sfumato.studio.desk import Desk
from sfumato.studio.frames import decode
from sfumato.studio.photo import shipped
from sfumato.studio.stack import stack
from sfumato.studio.studio import Studio
from sfumato.studio.xray import in_colour, strongest

ASKED = {"photo": "harbour", "seed": 3, "t": 500, "off": [], "block": 2}


@pytest.fixture
def studio(transformer_folder):
    """What `client` asks."""
    made = Studio(Desk(str(transformer_folder)))
    yield made
    made.desk.close()


@pytest.fixture(scope="module")
def model(transformer_folder):
    return load(transformer_folder)


@pytest.fixture(scope="module")
def answer(model):
    return denoise(model, shipped(), seed=3, i=500)


def test_with_all_on_the_guess_is_the_same(model, answer):
    seen = stack(model, answer)
    np.testing.assert_array_equal(seen.x0_hat, answer.x0_hat)
    assert seen.numbers() == pytest.approx({"moved": 0.0, "coarse": 1.0, "fine": 1.0})


def test_layers_are_the_networks_with_all_their_numbers(model, answer):
    net, seen = dit_of(model.bundle.denoiser), stack(model, answer)
    assert [layer.path for layer in seen.layers] == ["embed_patch", "blocks.0", "blocks.1", "blocks.2"]
    assert [branch.path for layer in seen.layers for branch in layer.branches] == branches_of(net)
    for layer in seen.layers:
        assert layer.parameters == sum(p.numel() for p in net.get_submodule(layer.path).parameters())
        assert layer.ms >= sum(branch.ms for branch in layer.branches) > 0.0 or not layer.branches
    attention = seen.layers[1].branches[0]
    assert attention.multiplications == 4 * 16 * 32 * 32 + 2 * 16 * 16 * 32
    outside = (net.time, net.text, net.modulation_out, net.out)
    told = (torch.zeros(1, 256), torch.zeros(1, 16), torch.zeros(1, 32), torch.zeros(1, 16, 32))
    rest = sum(multiplications(module, given) for module, given in zip(outside, told, strict=True))
    cond = model.bundle.conditioner([""])
    whole = multiplications(net, torch.from_numpy(answer.x_t)[None], 500.0, cond.tokens, cond.mask)
    assert sum(layer.multiplications for layer in seen.layers) == whole - rest


def test_tokens_lie_on_the_grid_of_their_patches(model, answer):
    """A layer's cell (y, x) is the vector of the patch there; the patches are 2 x 2 of 8 x 8 latents."""
    net, seen = dit_of(model.bundle.denoiser), stack(model, answer)
    for layer in seen.layers:
        assert layer.activations.shape == (32, 4, 4)
        assert in_colour(layer.activations).shape == (3, 4, 4)
    patch = torch.from_numpy(answer.x_t)[:, 2:4, 6:8].permute(1, 2, 0).reshape(1, -1)
    with torch.no_grad():
        ours = net.embed_patch(patch)[0].numpy()
    np.testing.assert_allclose(seen.layers[0].activations[:, 1, 3], ours, rtol=1e-5, atol=1e-6)


def test_what_branches_add_is_what_the_block_has_become(model, answer):
    """A shut gate is 0 and adds 0; where only cross-attention adds, its size is that of the difference."""
    seen = stack(model, answer)
    shut = seen.layers[2]
    assert [branch.gate for branch in shut.branches] == [0.0, None, 0.0]
    assert seen.gates(2) == {"gate_self_attn": 0.0, "gate_ff": 0.0}
    assert all(gate > 0.0 for k in (1, 3) for gate in seen.gates(k).values())
    assert seen.gates(0) == {}
    assert [branch.adds for branch in shut.branches[::2]] == [0.0, 0.0]
    gap = shut.activations - seen.layers[1].activations
    assert shut.branches[1].adds == pytest.approx(np.sqrt(np.mean(gap**2)), rel=1e-4)
    assert shut.branches[1].adds > 0.0


def test_gates_move_with_the_noise_level(model, answer):
    low = stack(model, denoise(model, shipped(), seed=3, i=100)).gates(1)
    high = stack(model, answer).gates(1)
    assert all(abs(low[name] - high[name]) > 1e-4 for name in low)


def test_what_is_off_is_missed_but_not_behind_a_shut_gate(model, answer):
    for off in branches_of(dit_of(model.bundle.denoiser)):
        seen = stack(model, answer, off=[off])
        if off in ("blocks.1.self_attn", "blocks.1.ff"):
            np.testing.assert_array_equal(seen.x0_hat, answer.x0_hat)
            assert seen.moved == 0.0
        else:
            assert seen.moved > 1e-4, off
            assert seen.moved == pytest.approx(np.sqrt(np.mean((seen.x0_hat - answer.x0_hat) ** 2)), rel=1e-4)
    np.testing.assert_array_equal(denoise(model, shipped(), seed=3, i=500).x0_hat, answer.x0_hat)


def test_only_a_transformer_has_branches(tiny_model):
    said = denoise(tiny_model, shipped(), seed=3, i=500)
    with pytest.raises(RecipeError, match="only a DiT has branches"):
        stack(tiny_model, said)


def test_the_api_says_the_same(client, model, answer):
    off = ["blocks.0.ff", "blocks.2.cross_attn"]
    frame, _ = decode(client.post("/api/v1/xray/branches", json=ASKED | {"off": off}).content)
    seen = stack(model, answer, off=off)
    assert frame.header["numbers"] == pytest.approx(seen.numbers() | {"strength": seen.layers[2].strength}, rel=1e-4)
    assert frame.header["gates"] == seen.gates(2)
    assert frame.header["chosen"] == "blocks.1"
    for told, layer in zip(frame.header["blocks"], seen.layers, strict=True):
        assert (told["path"], told["multiplications"]) == (layer.path, layer.multiplications)
        assert [each["part"] for each in told["branches"]] == [branch.part for branch in layer.branches]
        assert [each["adds"] for each in told["branches"]] == pytest.approx([each.adds for each in layer.branches])
    np.testing.assert_allclose(frame.arrays["channels"], strongest(seen.layers[2].activations), atol=1e-4)
    np.testing.assert_allclose(frame.arrays["cut"], seen.guess, atol=2e-3)


@pytest.mark.parametrize(
    "change", [{"off": ["blocks.9.ff"]}, {"off": "blocks.0.ff"}, {"off": [0]}, {"cut": [0]}, {"t": 0}, {"block": -1}]
)
def test_what_cannot_be_is_refused(client, change):
    assert client.post("/api/v1/xray/branches", json=ASKED | change).status_code == 400


def test_links_are_refused_in_one_line(client):
    body = {"photo": "harbour", "seed": 3, "t": 500, "cut": [0]}
    answer = client.post("/api/v1/xray", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"] == "the network is a DiT; only a UNet has skips to cut"


def test_the_kind_of_network_is_known_at_once(client):
    assert client.get("/api/v1/info").json()["model"]["network"] == "dit"

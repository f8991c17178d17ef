import pytest
import torch
from torch import nn

from sfumato.conditioner import Conditioning
from sfumato.denoiser import NetworkDenoiser
from sfumato.errors import RecipeError
from sfumato.guidance import ClassifierFree
from sfumato.inspect.watch import paths, watch, watch_activations
from sfumato.nets.attention import fused
from sfumato.nets.dit import DiT
from sfumato.nets.unet import UNet
from sfumato.process.parameterisation import Flow
from sfumato.process.schedule import Level

LEVEL = Level(0.5, 0.5, 0.5)


def unet():
    torch.manual_seed(0)
    return UNet(
        in_channels=4, out_channels=4, block_out_channels=(16, 32), attend=("none", "text"), head_dim=8, token_dim=12,
        norm_groups=8, zero_init=False,
    ).eval()  # fmt: skip


def dit():
    torch.manual_seed(0)
    net = DiT(in_channels=4, out_channels=4, width=32, depth=2, heads=4, token_dim=12).eval()
    for weight in net.parameters():
        nn.init.normal_(weight, std=0.1)
    return net


NETS = {"unet": unet, "dit": dit}


def denoiser(net):
    return NetworkDenoiser(net, Flow(), lambda level: 1000 * level.t)


def texts(lengths):
    tokens = torch.randn(len(lengths), 6, 12, generator=torch.Generator().manual_seed(1))
    mask = torch.arange(6)[None] < torch.tensor(lengths)[:, None]
    return Conditioning(tokens, mask, ((),) * len(lengths))


def noise(count):
    return torch.randn(count, 4, 8, 8, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("kind", NETS)
@torch.no_grad()
def test_watching_leaves_the_output_as_it_was_and_shows_proper_weights(kind):
    d = denoiser(NETS[kind]())
    plain = d(noise(2), LEVEL, texts([3, 6])).x0_hat
    seen = {}
    with watch(d, "net.*cross*", seen.__setitem__) as names:
        watched = d(noise(2), LEVEL, texts([3, 6])).x0_hat
    torch.testing.assert_close(watched, plain, rtol=1e-5, atol=1e-5)
    assert tuple(seen) == names == tuple(n for n in paths(d) if "cross" in n)
    assert all(n.startswith("net.") for n in names)
    for weights in seen.values():
        assert weights.shape[0] == 2
        assert weights.shape[-1] == 6
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
        assert weights[0, ..., 3:].abs().max() == 0
        assert weights[0, ..., :3].min() > 0
        assert weights[1, ..., 3:].min() > 0


@torch.no_grad()
def test_self_attention_can_be_watched_too_and_is_exact():
    net = unet()
    plain = net(noise(1), 1.0, texts([6]).tokens)
    shapes = {}
    with watch(net, "*self_attn", lambda name, weights: shapes.update({name: weights.shape})):
        torch.testing.assert_close(net(noise(1), 1.0, texts([6]).tokens), plain, rtol=1e-5, atol=1e-5)
    assert shapes["mid.attend.0.blocks.0.self_attn"] == (1, 4, 16, 16)


@torch.no_grad()
def test_guidance_shows_both_halves_of_the_batch():
    d = denoiser(unet())
    cond, null = texts([5, 6]), texts([1, 1])
    seen = []
    with watch(d, "net.mid*cross*", lambda _name, weights: seen.append(weights)):
        ClassifierFree(scale=3.0)(d, noise(2), LEVEL, cond, null)
    (weights,) = seen
    assert len(weights) == 4
    assert weights[:2, ..., 1].min() > 0
    torch.testing.assert_close(weights[2:, ..., 0], torch.ones_like(weights[2:, ..., 0]))


def kernels(net):
    return {path: net.get_submodule(path).kernel for path in paths(net)}


def test_kernels_are_put_back_also_after_an_exception():
    net = unet()

    def sink(name, weights):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), watch(net, "*", sink):
        net(noise(1), 1.0, texts([6]).tokens)
    assert set(kernels(net).values()) == {fused}


@torch.no_grad()
def test_two_watches_on_the_same_layer_both_see_it():
    net, outer, inner = unet(), [], []
    with watch(net, "mid*cross*", lambda name, _: outer.append(name)):
        with watch(net, "*cross*", lambda name, _: inner.append(name)):
            net(noise(1), 1.0, texts([6]).tokens)
        net(noise(1), 1.0, texts([6]).tokens)
    assert outer == ["mid.attend.0.blocks.0.cross_attn"] * 2
    assert len(inner) == len([p for p in paths(net) if "cross" in p])
    assert set(kernels(net).values()) == {fused}


@pytest.mark.parametrize("look", [watch, watch_activations])
def test_a_pattern_that_matches_nothing_lists_what_there_is(look):
    with (
        pytest.raises(RecipeError, match=r"'net\.\*corss\*'; this network has: .*net\.down\.1\.attend\.0"),
        look(denoiser(unet()), "net.*corss*", print),
    ):
        pass


def test_what_is_no_network_is_refused():
    with pytest.raises(RecipeError, match="object cannot be watched"), watch(object(), "*", print):
        pass


@torch.no_grad()
def test_activations_arrive_by_module_path_and_hooks_leave():
    d = denoiser(unet())
    plain = d(noise(1), LEVEL, texts([6])).x0_hat
    seen = {}
    with watch_activations(d, "net.conv_*", seen.__setitem__) as names:
        torch.testing.assert_close(d(noise(1), LEVEL, texts([6])).x0_hat, plain, rtol=0, atol=0)
    assert names == ("net.conv_in", "net.conv_out")
    torch.testing.assert_close(seen["net.conv_in"], d.net.conv_in(noise(1)))
    seen.clear()
    d(noise(1), LEVEL, texts([6]))
    assert not seen


def test_gradients_flow_through_watched_attention():
    net = unet()
    tokens = texts([6]).tokens.requires_grad_()
    (plain,) = torch.autograd.grad(net(noise(1), 1.0, tokens).square().sum(), tokens)
    with watch(net, "*", lambda name, weights: None):
        (watched,) = torch.autograd.grad(net(noise(1), 1.0, tokens).square().sum(), tokens)
    torch.testing.assert_close(watched, plain, rtol=1e-4, atol=1e-5)

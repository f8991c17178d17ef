import pytest
import torch
from torch.nn import functional as F

from sfumato.errors import RecipeError
from sfumato.nets.blocks import Downsample, ResBlock, Upsample
from sfumato.nets.feedforward import GEGLU, GELU, SwiGLU
from sfumato.nets.norms import RMSNorm, norm_of
from sfumato.nets.transformer import SelfAttention, TextAttention, to_cells, to_map


@pytest.mark.parametrize("modulation", ["add", "scale_shift"])
@pytest.mark.parametrize("out", [8, 12])
def test_resblock_is_its_equation(modulation, out):
    torch.manual_seed(0)
    block = ResBlock(8, out, emb_dim=5, norm_groups=4, modulation=modulation)
    x, emb = torch.randn(2, 8, 4, 6), torch.randn(2, 5)
    told = block.emb(emb)[:, :, None, None]
    h = block.conv1(F.silu(block.norm1(x)))
    scale, shift = told[:, :out], told[:, out:]
    h = block.norm2(h + told) if modulation == "add" else block.norm2(h) * (1 + scale) + shift
    expected = (x if out == 8 else block.skip(x)) + block.conv2(F.silu(h))
    torch.testing.assert_close(block(x, emb), expected)


def test_one_row_of_embedding_serves_the_batch():
    torch.manual_seed(0)
    block, x, emb = ResBlock(8, 8, emb_dim=5, norm_groups=4), torch.randn(3, 8, 4, 4), torch.randn(1, 5)
    torch.testing.assert_close(block(x, emb), block(x, emb.expand(3, 5)))


@pytest.mark.parametrize("padding", [0, 1])
def test_downsample_halves_and_pads_where_it_says(padding):
    down = Downsample(1, padding=padding)
    torch.nn.init.ones_(down.conv.weight)
    torch.nn.init.zeros_(down.conv.bias)
    out = down(torch.ones(1, 1, 4, 4))[0, 0].tolist()
    # 9 cells under the kernel inside, 6 on a padded side, 4 in a padded corner
    assert out == ([[9, 6], [6, 4]] if padding == 0 else [[4, 6], [6, 9]])


def test_upsample_repeats_each_cell_then_convolves():
    torch.manual_seed(0)
    up, x = Upsample(2), torch.randn(1, 2, 3, 2)
    torch.testing.assert_close(up(x), up.conv(x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)))


def test_cells_and_map_are_inverse_and_row_by_row():
    x = torch.arange(24.0).reshape(1, 2, 3, 4)
    cells = to_cells(x)
    assert cells[0, 5].tolist() == [x[0, 0, 1, 1], x[0, 1, 1, 1]]
    torch.testing.assert_close(to_map(cells, like=x), x, rtol=0, atol=0)


def test_linear_and_conv_projections_are_the_same_function():
    torch.manual_seed(0)
    options = {"heads": 2, "depth": 1, "token_dim": 6, "norm_groups": 4}
    linear, conv = (TextAttention(8, **options, projection=kind) for kind in ("linear", "conv"))
    shapes = {name: weight.shape for name, weight in conv.named_parameters()}
    conv.load_state_dict({name: weight.reshape(shapes[name]) for name, weight in linear.state_dict().items()})
    x, tokens, mask = torch.randn(2, 8, 3, 5), torch.randn(2, 4, 6), torch.ones(2, 4, dtype=torch.bool)
    torch.testing.assert_close(linear(x, tokens, mask), conv(x, tokens, mask))
    assert not torch.allclose(linear(x, tokens, mask), linear(x, -tokens, mask))


def test_self_attention_ignores_text_and_sees_all_cells():
    torch.manual_seed(0)
    layer, x = SelfAttention(8, heads=2, norm_groups=4, norm_eps=1e-5), torch.randn(1, 8, 4, 4)
    torch.testing.assert_close(layer(x), layer(x, torch.randn(1, 2, 3), None), rtol=0, atol=0)
    moved = x.clone()
    moved[0, :, 3, 3] += 1
    assert (layer(moved) - layer(x))[0, :, 0, 0].abs().max() > 1e-4


def test_norm_groups_that_do_not_divide_are_refused():
    with pytest.raises(RecipeError, match="10 channels do not split into 4 norm groups"):
        ResBlock(10, 10, emb_dim=5, norm_groups=4)


def test_feed_forward_layers_are_their_equations():
    torch.manual_seed(0)
    x = torch.randn(2, 3, 12)
    plain, ge, swi = GELU(12), GEGLU(12), SwiGLU(12)
    torch.testing.assert_close(plain(x), plain.linear2(F.gelu(plain.linear1(x))))
    a, b = ge.linear1(x)[..., :48], ge.linear1(x)[..., 48:]
    torch.testing.assert_close(ge(x), ge.linear2(a * F.gelu(b)))
    a, b = swi.linear1(x)[..., :32], swi.linear1(x)[..., 32:]
    torch.testing.assert_close(swi(x), swi.linear2(a * b * torch.sigmoid(b)))


@pytest.mark.parametrize("affine", [True, False])
def test_norms_are_their_equations(affine):
    torch.manual_seed(0)
    x = 3 + 5 * torch.randn(2, 4, 12)
    rms, layer = norm_of("rms", 12, affine=affine), norm_of("layer", 12, affine=affine)
    torch.testing.assert_close(rms(x), x / x.square().mean(-1, keepdim=True).sqrt())
    centred = x - x.mean(-1, keepdim=True)
    torch.testing.assert_close(layer(x), centred / centred.square().mean(-1, keepdim=True).sqrt())
    assert len(list(rms.parameters())) == affine


def test_rms_norm_works_in_float32_and_answers_in_the_precision_of_its_input():
    x = torch.full((1, 8), 300.0, dtype=torch.float16)  # 300^2 overflows float16
    assert RMSNorm(8)(x).tolist() == [[1.0] * 8]
    assert RMSNorm(8)(x).dtype == torch.float16

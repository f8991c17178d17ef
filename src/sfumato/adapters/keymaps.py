"""Names of weights: ours and those of diffusers' U-Nets, one to one.

A U-Net of ours that is configured like a foreign one has the same tensors under other names. The translation is read
off our network, module by module, with the one table below; so it holds for any configuration, and works both ways.
Strict: every weight is used exactly once and no shape is changed.
"""

from collections.abc import Iterator, Mapping

from jaxtyping import Float
from torch import Tensor, nn

from sfumato.errors import AdapterError
from sfumato.nets.attention import Attention
from sfumato.nets.blocks import Downsample, ResBlock, Upsample
from sfumato.nets.embed import MLP
from sfumato.nets.feedforward import GEGLU
from sfumato.nets.stages import DownStage, MidStage, UpStage
from sfumato.nets.transformer import SelfAttention, TextAttention, TransformerBlock
from sfumato.nets.unet import UNet

State = Mapping[str, Float[Tensor, "..."]]

# Our class -> our attribute -> diffusers' attribute. An attribute that is absent here keeps its name.
DIFFUSERS: dict[type[nn.Module], dict[str, str]] = {
    UNet: {
        "time": "time_embedding",
        "pooled": "add_embedding",
        "down": "down_blocks",
        "mid": "mid_block",
        "up": "up_blocks",
        "norm_out": "conv_norm_out",
    },
    MLP: {"linear1": "linear_1", "linear2": "linear_2"},
    DownStage: {"blocks": "resnets", "attend": "attentions", "downsample": "downsamplers.0"},
    MidStage: {"blocks": "resnets", "attend": "attentions"},
    UpStage: {"blocks": "resnets", "attend": "attentions", "upsample": "upsamplers.0"},
    Downsample: {},
    Upsample: {},
    ResBlock: {"emb": "time_emb_proj", "skip": "conv_shortcut"},
    TextAttention: {"blocks": "transformer_blocks"},
    TransformerBlock: {"self_attn": "attn1", "cross_attn": "attn2"},
    SelfAttention: {"norm": "group_norm", "self_attn": ""},
    Attention: {"to_out": "to_out.0"},
    GEGLU: {"linear1": "net.0.proj", "linear2": "net.2"},
}


def diffusers_names(net: UNet) -> dict[str, str]:
    """Our name of every weight of the network -> its name in diffusers' UNet2DConditionModel or UNet2DModel."""
    return dict(_names(net, "", ""))


def from_diffusers(net: UNet, state: State) -> dict[str, Tensor]:
    """Foreign weights under our names, ready for net.load_state_dict; the network gives names and shapes only.

    Raises:
        AdapterError: weights that are missing, left over, or of another shape: the network is configured differently.
    """
    names = diffusers_names(net)
    _same({theirs: net.get_parameter(ours) for ours, theirs in names.items()}, state, "diffusers' layout")
    return {ours: state[theirs] for ours, theirs in names.items()}


def to_diffusers(net: UNet, state: State) -> dict[str, Tensor]:
    """Our weights under diffusers' names: the inverse of from_diffusers.

    Raises:
        AdapterError: weights that are not those of the network.
    """
    _same(dict(net.named_parameters()), state, "our layout")
    return {theirs: state[ours] for ours, theirs in diffusers_names(net).items()}


def _names(module: nn.Module, ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    """Walk our network and both names together."""
    for name, _ in module.named_parameters(recurse=False):
        yield f"{ours}{name}", f"{theirs}{name}"
    table = DIFFUSERS.get(type(module), {})
    for name, child in module.named_children():
        renamed = table.get(name, name)
        yield from _names(child, f"{ours}{name}.", f"{theirs}{renamed}." if renamed else theirs)


def _same(expected: State, got: State, layout: str) -> None:
    """Refuse a state whose names or shapes are not exactly the expected ones."""
    missing, left_over = sorted(expected.keys() - got.keys()), sorted(got.keys() - expected.keys())
    if missing or left_over:
        raise AdapterError(
            f"these weights do not fit the network ({layout}): {len(missing)} missing {missing[:3]}, "
            f"{len(left_over)} left over {left_over[:3]}; build the network with the arguments of their own model"
        )
    for name, weight in expected.items():
        if got[name].shape != weight.shape:
            raise AdapterError(
                f"{name} has shape {list(got[name].shape)}; the network needs {list(weight.shape)}: "
                "build it with the arguments of the model the weights come from"
            )

"""The two that are compared: our recipe fresco, and what diffusers' text-to-image script does, at 64 px on the pixels.

Theirs (examples/text_to_image/train_text_to_image.py with its defaults): UNet2DConditionModel asked for eps on the
scaled linear schedule of 1000 steps, all alike likely; AdamW at 1e-4, betas 0.9 and 0.999, weight decay 0.01, batch 16,
gradients clipped at 1, 500 steps of warm-up, then constant; captions as they are, never dropped; no average of weights.
The script is for latents of a frozen autoencoder. Here both sides work on pixels, so that neither begins with one.

In their favour: attention only where ours has it, not at 64 x 64 pixels; the text's padding is masked; products in
bfloat16 where the processor multiplies it natively; no weight decay on biases and norms; token states computed once.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sfumato.train.build import make_network
from sfumato.train.chance import seeded
from sfumato.train.kernels import cpu_kernels
from sfumato.train.reading import load_recipe
from sfumato.train.recipe import TrainRecipe

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

SIDES = ("ours", "theirs")
RECIPES = {"ours": "fresco", "theirs": "classic"}
WIDTHS, HEADS, GROUPS = (32, 64, 128, 192), 32, 16
COOLDOWN = {"ours": 0.2, "theirs": 0.0}
"""The last share of the time, over which the learning rate goes to zero."""
CHANGES = {
    "ours": (
        f"network.block_out_channels={list(WIDTHS)}",
        f"network.head_dim={HEADS}",
        f"network.norm_groups={GROUPS}",
        "optimiser.batch=32",
        "rate.warmup=3200",
    ),
    "theirs": (
        'space={kind="pixels"}',
        "data.size=64",
        'process.schedule={kind="scaled-linear", T=1000}',
        "optimiser.lr=1e-4",
        "optimiser.weight_decay=0.01",
        "optimiser.batch=16",
        "rate.warmup=8000",
        "data.drop=0.0",
        "data.keyword=0.0",
    ),
}


class Theirs(nn.Module):
    """Their network, called as one of ours."""

    def __init__(self) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.net = UNet2DConditionModel(
                sample_size=64,
                in_channels=3,
                out_channels=3,
                block_out_channels=WIDTHS,
                layers_per_block=1,
                down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
                up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
                cross_attention_dim=384,
                attention_head_dim=tuple(width // HEADS for width in WIDTHS),  # type: ignore[arg-type]
                norm_num_groups=GROUPS,
            )

    def forward(
        self,
        x: Float[Tensor, "b 3 h w"],
        c_noise: Float[Tensor, " b"] | float,
        tokens: Float[Tensor, "b l d"],
        mask: Bool[Tensor, "b l"],
        pooled: Any = None,
    ) -> Float[Tensor, "b 3 h w"]:
        """The noise in x at steps c_noise + 1."""
        return self.net(x, c_noise, encoder_hidden_states=tokens, encoder_attention_mask=mask, return_dict=False)[0]


def recipe_of(side: str, changes: Sequence[str] = ()) -> TrainRecipe:
    """The recipe of one side; theirs describes everything but the network."""
    return load_recipe(RECIPES[side], [*CHANGES[side], *changes])


def network_of(side: str, recipe: TrainRecipe) -> nn.Module:
    """Its network with weights drawn from the recipe's seed, with the kernels that suit a CPU."""
    if side == "theirs":
        with seeded(recipe.seed):
            return Theirs().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    net = make_network(recipe).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    cpu_kernels(net)
    return net

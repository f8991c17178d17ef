"""Which shape of network and which data: variants of one base, each with the steps that fit into the same time.

The base is the ladder's `optimiser` with the blocks told as those of tavola are. A size is judged by its own time of a
step: what is larger has fewer of them.
"""

from variant import Variant


def dit(patch: int, width: int, depth: int) -> str:
    """A transformer in the place of the U-Net, on pixels of 32 px."""
    sizes = f"patch={patch}, width={width}, depth={depth}, heads=4"
    return f'network={{kind="dit", in_channels=3, out_channels=3, {sizes}, token_dim=384, text_norm="layer"}}'


def shape(name: str, what: str, *changes: str) -> Variant:
    """Another network than the base's."""
    return Variant(name=name, what=what, after="base", changes=changes, beside=True)


def data(name: str, what: str, *more: str) -> Variant:
    """The base with other sources beside Glyphs, weighed as tavola's recipe weighs them."""
    changes = (f"data.sources=[{', '.join((GLYPHS, *more))}]",)
    return Variant(name=name, what=what, after="base", changes=changes, beside=True, same_network=True)


TOLD = ('network.modulation="scale_shift"', 'network.text_norm="layer"', "network.pooled_dim=384")
"""Blocks told by scale and shift, token states normed, pooled text."""

GLYPHS = '{name="glyphs", weight=1.0}'
TONES = '{name="glyphs-tones", weight=0.25}'
CLIPART = '{name="clipart-extra", weight=0.5, styles=["clipart", "flat-color-icon", "weather-icon"]}'


SHAPES = (
    Variant(
        name="base",
        after="optimiser",
        what="`optimiser`, blocks told by scale and shift, token states normed, pooled text",
        changes=TOLD,
        seeds=2,
    ),
    shape("narrow", "widths 24, 48, 72", "network.block_out_channels=[24, 48, 72]", "network.head_dim=24"),
    shape("wide", "widths 48, 96, 144", "network.block_out_channels=[48, 96, 144]", "network.head_dim=48"),
    shape("deep", "two blocks a level instead of one", "network.layers_per_block=2"),
    shape("attend", "attention at 16 x 16 too", 'network.attend=["none", "text", "text"]'),
    shape("dit-2", "DiT, patches of 2 x 2, width 192, 6 blocks", dit(2, 192, 6)),
    shape("dit-4", "DiT, patches of 4 x 4, width 256, 8 blocks", dit(4, 256, 8)),
    data("tones", "skin tones beside Glyphs, weight 0.25", TONES),
    data("clipart", "clip art beside Glyphs, weight 0.5", CLIPART),
    data("both", "skin tones and clip art beside Glyphs", TONES, CLIPART),
)

"""How far a stack of convolutions sees: what one output cell depends on beyond the cell itself, in pixels."""

from torch import nn

from sfumato.nets.vae import Block


def reach(layers: nn.Sequential, *, cell: int) -> int:
    """An upper bound, in pixels, of how far beyond its own place an output of `layers` (nets/vae.py) depends on input.

    A 3 x 3 convolution at a resolution of p pixels a value sees p further on each side; a block has two of them.
    cell: pixels, along each side, of one value that goes in: 1 for the encoder, f for the decoder.

    Raises:
        TypeError: a kind of layer whose reach is not known.
    """
    pixels, total = float(cell), 0.0
    for layer in layers:
        match layer:
            case Block():
                total += 2 * pixels
            case nn.Conv2d():
                total += pixels * (layer.kernel_size[0] // 2)
                pixels *= layer.stride[0]
            case nn.PixelUnshuffle():
                pixels *= layer.downscale_factor
            case nn.PixelShuffle():
                pixels /= layer.upscale_factor
            case nn.Upsample():
                pixels /= float(layer.scale_factor)  # type: ignore[arg-type]
            case nn.ReLU():
                pass
            case _:
                raise TypeError(f"the reach of a {type(layer).__name__} is not known")
    return -int(-total // 1)

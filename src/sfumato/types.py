"""The shape vocabulary, and nothing else.

Axes: b batch, c channels of a latent, colours of a picture, h w latent space, H W picture, l m text tokens, n heads,
d e features.
Arrays are numpy arrays or torch tensors: everything above the networks uses operators only, so `Any` stands for both.
"""

from typing import Any

from jaxtyping import Bool, Float

Array = Any
"""A numpy array or a torch tensor."""

Scalar = float | Float[Any, "..."]
"""A Python float when sampling; an array that broadcasts against the state ([b, 1, 1, 1]) when training."""

State = Float[Any, "b *d"]
"""A batch of points of any shape: what process/ and samplers/ work on."""

Latent = Float[Any, "b c h w"]
"""A batch of latents (or of pixels, where the autoencoder is the identity)."""

Image = Float[Any, "b colours H W"]
"""A batch of pictures in [-1, 1]; bytes only at the edge."""

Tokens = Float[Any, "b l d"]
"""Token states of a text encoder."""

Mask = Bool[Any, "b l"]
"""True where a token is real, False where it is padding."""

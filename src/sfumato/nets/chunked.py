"""Long matrix products in parts, so that a picture does not depend on how many threads there are.

On some processors the CPU's matrix library shares the sum over the features of a linear layer among its threads when
there are many of them (1,024 and more, where this was seen), and the last bits then depend on the number of threads.
Sums of at most LIMIT features are not shared (tests/nets/test_pointwise.py).
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

LIMIT = 768
"""Features that one product sums over."""


class Chunked(nn.Linear):
    """input W^T + bias, summed over equal parts of the features in turn, with the weights of a linear layer."""

    def __init__(self, linear: nn.Linear) -> None:
        nn.Module.__init__(self)  # the weights are there already
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight, self.bias = linear.weight, linear.bias
        self.parts = -(-linear.in_features // LIMIT)

    def forward(self, input: Float[Tensor, "*b i"]) -> Float[Tensor, "*b o"]:
        """One product for each part."""
        xs, weights = input.chunk(self.parts, dim=-1), self.weight.chunk(self.parts, dim=1)
        y = F.linear(xs[0], weights[0], self.bias)
        for part, weight in zip(xs[1:], weights[1:], strict=True):
            y = y + F.linear(part, weight)
        return y


def replace_long(network: nn.Module) -> nn.Module:
    """The network with every linear layer of more than LIMIT features in parts; names and weights stay."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and child.in_features > LIMIT:
                setattr(parent, name, Chunked(child))
    return network

"""What one call of a network costs, in multiplications, whatever the machine."""

from collections.abc import Callable
from contextlib import ExitStack

from torch import Tensor, nn, no_grad

from sfumato.nets.attention import Attention


def multiplications(net: nn.Module, *inputs: object) -> int:
    """Multiply-adds of net(*inputs) in convolutions, linear layers and attention; one is two floating-point operations.

    Everything else (norms, activations, sums, softmax) is left out: its cost is memory traffic, not arithmetic. The
    network is called once; one built on the meta device, with inputs there, is counted without any work.
    """
    counts: list[int] = []

    def layer(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d | nn.Linear):
            counts.append(output.numel() * module.weight[0].numel())

    def attention(module: Attention) -> Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]:
        before = module.kernel

        def kernel(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
            counts.append(2 * q.numel() * k.shape[-2])
            return before(q, k, v, mask)

        return kernel

    with ExitStack() as undo, no_grad():
        for module in net.modules():
            undo.callback(module.register_forward_hook(layer).remove)
            if isinstance(module, Attention):
                undo.callback(setattr, module, "kernel", module.kernel)
                module.kernel = attention(module)
        net(*inputs)
    return sum(counts)

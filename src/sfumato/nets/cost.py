"""What one call of a network costs, in multiplications, whatever the machine."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from torch import Tensor, nn, no_grad

from sfumato.nets.attention import Attention, Kernel


def multiplications(net: nn.Module, *inputs: object) -> int:
    """Multiply-adds of net(*inputs) in convolutions, linear layers and attention; one is two floating-point operations.

    Everything else (norms, activations, sums, softmax) is left out: its cost is memory traffic, not arithmetic. The
    network is called once; one built on the meta device, with inputs there, is counted without any work.
    """
    with counting(net) as counts, no_grad():
        net(*inputs)
    return counts.total()


@contextmanager
def counting(net: nn.Module) -> Iterator[Counter[str]]:
    """The same of all that is asked while the block lasts, by the path of the layer that multiplies ("" is net itself).

    An attention layer has its own two products; its projections are linear layers inside it. See `within` for sums.
    """
    counts: Counter[str] = Counter()

    def layer(path: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if isinstance(module, nn.Conv2d | nn.Linear):
                counts[path] += output.numel() * module.weight[0].numel()

        return hook

    def attention(path: str, before: Kernel) -> Kernel:
        def kernel(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
            counts[path] += 2 * q.numel() * k.shape[-2]
            return before(q, k, v, mask)

        return kernel

    with ExitStack() as undo:
        for path, module in net.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                undo.callback(module.register_forward_hook(layer(path)).remove)
            if isinstance(module, Attention):
                undo.callback(setattr, module, "kernel", module.kernel)
                module.kernel = attention(path, module.kernel)
        yield counts


def within(counts: Counter[str], path: str) -> int:
    """Those of a module with all inside it."""
    return sum(count for at, count in counts.items() if at == path or at.startswith(f"{path}."))

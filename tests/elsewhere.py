"""A device that is not here, pretended: tensors that say they are on it and are kept apart from the CPU's.

After `arrive()` torch has, for the rest of the process, a device "elsewhere" whose arithmetic the CPU does. As on a
real accelerator an operation on tensors of both devices is refused (but for copies, numbers of no axes, and indices on
the CPU), and so is `.numpy()`. So code that forgets where its tensors are fails here as it would fail there.
"""

from pathlib import Path

import torch
from torch.utils._pytree import tree_leaves, tree_map

NAME = "elsewhere"
THERE = f"{NAME}:0"
aten = torch.ops.aten
CROSSING = {aten._to_copy.default, aten.copy_.default}
INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default}
WHOLE = (torch.int64, torch.int32, torch.bool, torch.uint8)


class Elsewhere(torch.Tensor):
    """A tensor of the pretended device; `held` is the one that the CPU works on."""

    @staticmethod
    def __new__(cls, held):
        like = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        return torch.Tensor._make_wrapper_subclass(
            cls, held.size(), device=THERE, requires_grad=held.requires_grad, **like
        )

    def __init__(self, held):
        self.held = held

    def __repr__(self):
        return f"elsewhere({self.held!r})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return done(func, *args, **(kwargs or {}))


def done(func, *args, **kwargs):
    """One operation, on the device that its tensors are on."""
    tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
    there = [x for x in tensors if isinstance(x, Elsewhere)]
    if there and func not in CROSSING:
        refuse_mixed(func, tensors)
    onto, wanted = bool(there), kwargs.get("device")
    if wanted is not None:
        onto = torch.device(wanted).type == NAME
        kwargs["device"] = "cpu"
    if func is aten.copy_.default:
        onto = isinstance(args[0], Elsewhere)
    args, kwargs = tree_map(lambda x: x.held if isinstance(x, Elsewhere) else x, (args, kwargs))
    out = func(*args, **kwargs)
    if not onto:
        return out
    same = {id(x.held): x for x in there}

    def placed(x):
        return same.get(id(x), x if isinstance(x, Elsewhere) else Elsewhere(x)) if isinstance(x, torch.Tensor) else x

    return tree_map(placed, out)


def refuse_mixed(func, tensors):
    """As torch refuses it."""
    alone = [x for x in tensors if not isinstance(x, Elsewhere) and x.ndim > 0]
    if func in INDEXING:
        alone = [x for x in alone if x.dtype not in WHOLE]
    if alone:
        raise RuntimeError(f"Expected all tensors to be on the same device, but found {THERE} and cpu ({func})")


def told(problem):
    """An error in one line: what, and the last places it came through."""
    at, places = problem.__traceback__, []
    while at is not None:
        places.append(f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}")
        at = at.tb_next
    return f"{type(problem).__name__}: {str(problem)[:300]} ({' > '.join(places[-9:])})"


class Module(torch.utils.backend_registration._DummyBackendModule):
    """What torch asks of a device, beside its arithmetic."""

    def get_amp_supported_dtype(self):
        return [torch.bfloat16, torch.float16]


KEPT = []
"""What torch must not lose."""


def arrive():
    """Make the device known to torch, for the rest of this process. Once."""
    torch.utils.backend_registration._setup_privateuseone_for_python_backend(NAME, backend_module=Module())
    KEPT.append(torch.library.Library("_", "IMPL"))
    KEPT[0].fallback(done, "PrivateUse1")
    torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(list, device=...) moves what it read by an operation
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # module.to(device) makes Elsewhere of parameters

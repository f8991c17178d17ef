"""A new .npy file whose every byte the disk has set aside: a disk too small says so at once.

Written into through memory, a file with holes ends the process by a signal when the disk is full.
"""

import errno
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import DTypeLike

NOT_HERE = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems answer that cannot set room aside."""
ZEROS = bytes(1 << 20)


def new_array(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros in a file that is mapped into memory and can be written to. Raises OSError where the disk is too small."""
    kind = np.dtype(dtype)
    with path.open("wb") as file:
        about = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, about)
        file.flush()
        set_aside(file, kind.itemsize * int(np.prod(shape, dtype=np.int64)))
    return np.load(path, mmap_mode="r+")


def set_aside(file: BinaryIO, count: int) -> None:
    """Lengthen a file by so many zeros that take their room already."""
    try:
        os.posix_fallocate(file.fileno(), file.tell(), count)
    except AttributeError:  # a system without it
        pass
    except OSError as problem:
        if problem.errno not in NOT_HERE:
            raise
    else:
        return
    for start in range(0, count, len(ZEROS)):
        file.write(ZEROS[: count - start])

"""What happens where memory is short: numpy's linear algebra must not end the process by itself."""

import os
import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMPY_NEEDS = 128 * 2**20
"""Bytes of address space; with less OpenBLAS says so itself and exits with 1, our "no"."""


class NumpyGate:
    """A finder of modules that finds none; it looks at the memory before numpy is imported."""

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: object = None
    ) -> ModuleSpec | None:
        """Nothing, so that the usual finders go on.

        Raises:
            MemoryError: numpy is asked for, and there is too little for it.
        """
        if name != "numpy":
            return None
        from mmap import mmap

        # OpenBLAS starts a thread a core when it is imported; nothing here has work for them.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        try:
            mmap(-1, NUMPY_NEEDS).close()
        except OSError:
            raise MemoryError from None
        return None


def guard_numpy() -> None:
    """Look at the memory before numpy is imported."""
    sys.meta_path.insert(0, NumpyGate())

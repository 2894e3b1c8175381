"""Types of numpy arrays, for annotations alone: numpy is imported where arrays are made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Numbers = NDArray[np.generic]
"""Of whatever type a file holds."""

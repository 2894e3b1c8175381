"""What one layer costs, by enumerating the units, taps and parameters of a tiny layer.

Nothing of cnncost is imported and no formula is used: windows slide over lists of cells,
transposed windows paint positions, shape changes move the ids of units about, and every
number is the length of a set or of a list. Arguments are those of a spec, as written there.
"""

from __future__ import annotations

from oracle import recurrent, weighted, weightless  # noqa: F401  they register themselves
from oracle.tally import ORACLES, Arguments, Counted, Dims


def counted(word: str, inputs: list[Dims], arguments: Arguments) -> Counted:
    """The numbers of a layer of that type over inputs of these shapes."""
    return ORACLES[word](inputs, arguments)


__all__ = ["ORACLES", "Arguments", "Counted", "Dims", "counted"]

"""Equations with their indices written out: one formula of numbers for each vector equation."""

from __future__ import annotations

from cnncost.study.backward import index_products, index_sums, index_windows
from cnncost.study.backward.equation import Equation
from cnncost.study.backward.index_writer import ARITHMETIC, IndexEquation, IndexWriter, Sizes, Write


def write_indices(equation: Equation, sizes: Sizes) -> IndexEquation:
    """Write an equation for one entry of its left side."""
    return IndexWriter(sizes, KINDS, CALLS).write_equation(equation)


CALLS: dict[str, Write] = {
    "vec": IndexWriter.write_vec,
    "concat": IndexWriter.write_concat,
    "onehot": IndexWriter.write_onehot,
    "softmax": index_sums.write_softmax,
    "logsoftmax": index_sums.write_logsoftmax,
    **dict.fromkeys(("maxpool", "global_maxpool", "adaptive_maxpool"), IndexWriter.write_maximum),
}
"""Functions of more than one number."""

KINDS: dict[str, Write] = {
    "number": IndexWriter.write_number,
    "root": IndexWriter.write_root,
    **dict.fromkeys(ARITHMETIC, IndexWriter.write_pair),
    "power": IndexWriter.write_power,
    "where": IndexWriter.write_where,
    "channels": IndexWriter.write_channels,
    "slope": IndexWriter.write_slope,
    "call": IndexWriter.write_call,
    "sum": index_sums.write_sum,
    "mean": index_sums.write_mean,
    "deviation": index_sums.write_deviation,
    "product": index_products.write_product,
    "convolve": index_windows.write_convolution,
    "correlate": index_windows.write_correlation,
    "by head": index_products.write_by_head,
    "unknown": IndexWriter.write_unknown,
}

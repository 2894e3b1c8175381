"""Write a convolution as a matrix: sizes with their working, im2col's product, the pattern."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, TextIO

from cnncost.layers.convolution import Conv
from cnncost.study.convolution_matrix import (
    MOST_CELLS,
    MOST_COLUMNS,
    find_transposed_twin,
    measure_product,
)
from cnncost.views.page import Page, Remark, Results, Table, Title
from cnncost.views.working import WORDS, equation_text, formula_text

if TYPE_CHECKING:
    from cnncost.study.convolution_matrix import ConvolutionMatrix
    from cnncost.study.explanation import Working

TITLES = ("quantity", "working", "in words")

LETTERS = "abcdefghijklmnopqrstuvwxyz"

ORDER = "Units are in order: channel by channel, row by row."


def matrix_results(name: str, matrix: ConvolutionMatrix) -> Results:
    """Make the results of one layer."""
    return Results(
        page=lambda: build_matrix_page(name, matrix, drawn=True),
        records=lambda: _build_matrix_records(matrix),
        data=lambda: _build_matrix_data(name, matrix),
        own={
            "table": lambda file: _write_matrix_text(file, name, matrix),
            "latex": lambda file: _write_matrix_latex(file, name, matrix),
        },
    )


def build_matrix_page(name: str, matrix: ConvolutionMatrix, *, drawn: bool) -> Page:
    """Build the page, with the matrix as a table if it is `drawn` here."""
    node = matrix.node
    blocks: list[Title | Table | Remark] = [
        Title(f"{node.name}: {node.layer.word}, {node.inputs[0]} -> {node.output}"),
        _build_table(matrix.sizes),
        Remark(" ".join([_describe_rows(matrix), *describe_pattern(matrix)])),
        Title("by columns (im2col)" if not matrix.transposed else "by columns (col2im)"),
        _build_table(matrix.im2col),
        Remark(" ".join(describe_product(matrix))),
    ]
    if drawn and (names := name_entries(matrix)) is not None:
        rows = [(f"y{at}", *row) for at, row in enumerate(names, start=1)]
        titles = ("", *(f"x{at}" for at in range(1, matrix.shape[1] + 1)))
        blocks += [Title("y = W x"), Table(titles, rows, words=range(len(titles)))]
    return Page(blocks, name)


def _build_table(workings: Sequence[Working]) -> Table:
    """Make a table, and one without words for where it does not fit."""
    rows = _working_rows(workings)
    narrower = Table(TITLES[:2], [row[:2] for row in rows], words=range(2))
    return Table(TITLES, rows, words=range(3), narrower=narrower)


def _working_rows(workings: Sequence[Working]) -> list[tuple[str, str, str]]:
    rows = []
    for working in workings:
        words = formula_text(working.number, WORDS)
        said = "" if words == formula_text(working.number) else words
        rows.append((working.quantity, equation_text(working.number), said))
    return rows


def _describe_rows(matrix: ConvolutionMatrix) -> str:
    bias = " + b" if getattr(matrix.node.layer, "bias", False) else ""
    used = int(matrix.sizes[4].number)
    lost = matrix.node.layer.weights(matrix.node.inputs[0]) - used
    unused = f" {lost:,} more meet padding only." if lost else ""
    return (
        f"y = W x{bias}: one row per output unit, one column per input unit. Not zero are the "
        f"connections, without those to padding; independent are the weights.{unused}"
    )


def describe_product(matrix: ConvolutionMatrix) -> list[str]:
    """Say which product computes the layer, and what it repeats."""
    rows, columns, sums = measure_product(matrix.node, matrix.groups)
    times = f"{matrix.groups:,} products, one per group: " if matrix.groups > 1 else ""
    factors = f"({rows:,} x {sums:,}) ({sums:,} x {columns:,}) = {rows:,} x {columns:,}"
    work = matrix.groups * rows * columns * sums
    said = f"{times}{factors}; {work:,} multiply-accumulates."
    if matrix.transposed:
        return [
            f"Weights times input: {said} Each column is a window that one input position paints; "
            "windows that overlap are added up."
        ]
    lines = [f"Weights times columns: {said}"]
    entries = int(matrix.im2col[2].number)
    ratio = entries / matrix.node.inputs[0].units
    lines.append(
        f"The columns hold {ratio:,.4g} numbers for each of the input's "
        f"{matrix.node.inputs[0].units:,}."
    )
    layer = matrix.node.layer
    if isinstance(layer, Conv) and layer.connects:
        zeros = rows * sums - prod(layer.kernel) * sum(map(len, layer.connects))
        lines.append(
            f"{zeros:,} of the {rows * sums:,} weights are zeros: connects leaves them out."
        )
    return lines


def describe_pattern(matrix: ConvolutionMatrix) -> list[str]:
    """Say what the matrix looks like."""
    node, layer = matrix.node, matrix.node.layer
    axes = len(node.output.extents)
    words = {1: "Toeplitz", 2: "doubly block Toeplitz", 3: "triply block Toeplitz"}[axes]
    several = node.output.channels * node.inputs[0].channels > 1
    lines = []
    if several:
        zeros = "; those of channels that a filter does not see are zeros" if _skips(matrix) else ""
        lines.append(
            f"{node.output.channels:,} x {node.inputs[0].channels:,} blocks, one per output and "
            f"input channel{zeros}."
        )
    start = "Each is" if several else "It is"
    if max(layer.stride) == 1:
        equal = "equal numbers stand along its diagonals"
        if axes > 1:
            equal = "a block for each pair of map rows; equal blocks stand along its diagonals"
            equal += ", and so do equal numbers in each block"
        lines.append(f"{start} {words}: {equal}.")
    elif not matrix.transposed:
        kept = " x ".join(f"{s:,}" for s in layer.stride)
        lines.append(f"{start} the {words} matrix of stride 1 with one row in {kept} kept.")
    if matrix.transposed and (twin := find_transposed_twin(matrix.node)) is not None:
        lines.append(_describe_twin(matrix, twin))
    if matrix.entries is None:
        lines.append(
            f"It is too large to write out: at most {MOST_CELLS:,} entries in {MOST_COLUMNS} "
            "columns are written."
        )
    return lines


def _skips(matrix: ConvolutionMatrix) -> bool:
    """Whether some filters see only some channels."""
    return matrix.groups > 1 or bool(getattr(matrix.node.layer, "connects", None))


def _describe_twin(matrix: ConvolutionMatrix, twin: Conv) -> str:
    x, y = matrix.node.inputs[0], matrix.node.output
    padding = ", ".join(f"[{window.before}, {window.after}]" for window in twin.resolve_windows(y))
    settings = "".join(
        f", {word}: {list(values)}"
        for word, values in (("stride", twin.stride), ("dilation", twin.dilation))
        if max(values) > 1
    )
    groups = f", groups: {twin.groups}" if twin.groups > 1 else ""
    return (
        f"It is the transpose of the matrix of the convolution from {y} to {x}: conv: "
        f"{twin.filters}, kernel: {list(twin.kernel)}{settings}, padding: [{padding}]{groups}."
    )


def name_entries(matrix: ConvolutionMatrix) -> list[list[str]] | None:
    """Name each entry after its weight, and `.` where there is none; None if it is too large."""
    if matrix.entries is None:
        return None
    rows, columns = matrix.shape
    name = _choose_names(matrix)
    cells = [["."] * columns for _ in range(rows)]
    for entry in matrix.entries:
        cells[entry.row][entry.column] = name(entry.weight)
    return cells


def _choose_names(matrix: ConvolutionMatrix) -> Callable[[tuple[int, ...]], str]:
    """Choose how weights are called: w12 for the tap at row 1, column 2; with several filters or
    channels a letter for each pair of them; a number where there are too many."""
    weights = sorted({entry.weight for entry in matrix.entries or ()})
    pairs = {pair: at for at, pair in enumerate(sorted({weight[:2] for weight in weights}))}
    numbers = {weight: at for at, weight in enumerate(weights, start=1)}
    if len(pairs) > len(LETTERS) or max(matrix.node.layer.kernel) > 9:
        return lambda weight: str(numbers[weight])
    letters = LETTERS if len(pairs) > 1 else "w"
    alone = prod(matrix.node.layer.kernel) == 1
    return lambda weight: (
        letters[pairs[weight[:2]]] + ("" if alone else "".join(str(tap + 1) for tap in weight[2:]))
    )


def _write_matrix_text(file: TextIO, name: str, matrix: ConvolutionMatrix) -> None:
    from cnncost.views.grid import write_page

    write_page(file, build_matrix_page(name, matrix, drawn=False))
    if (names := name_entries(matrix)) is not None:
        file.write(f"\n y = W x:  {ORDER}\n\n")
        file.writelines(f"   {line}\n" for line in list_matrix_lines(matrix, names))


def list_matrix_lines(matrix: ConvolutionMatrix, names: Sequence[Sequence[str]]) -> Iterator[str]:
    """List the matrix' lines, with bars and gaps between rows of the maps."""
    across, down = (node.extents[-1] for node in (matrix.node.inputs[0], matrix.node.output))
    wide = max(len(name) for row in names for name in row)
    for at, row in enumerate(names):
        parts = [
            " ".join(f"{name:>{wide}}" for name in row[start : start + across])
            for start in range(0, len(row), across)
        ]
        if at and at % down == 0:
            yield "-+-".join("-" * len(part) for part in parts)
        yield " | ".join(parts)


def _write_matrix_latex(file: TextIO, name: str, matrix: ConvolutionMatrix) -> None:
    from cnncost.views.markup import page_latex

    file.write(page_latex(build_matrix_page(name, matrix, drawn=False)))
    if (names := name_entries(matrix)) is None:
        return
    file.write("% Needs \\usepackage{amsmath}.\n")
    file.write(f"\\setcounter{{MaxMatrixCols}}{{{MOST_COLUMNS}}}\n\\[ W = \\begin{{bmatrix}}\n")
    lines = [" & ".join(map(_latex_entry, row)) for row in names]
    file.write("  " + " \\\\\n  ".join(lines) + "\n\\end{bmatrix} \\]\n")


def _latex_entry(name: str) -> str:
    if name == ".":
        return "0"
    if name.isdigit():
        return f"w_{{{name}}}"
    return name if len(name) == 1 else f"{name[0]}_{{{name[1:]}}}"


def _build_matrix_records(matrix: ConvolutionMatrix) -> Iterator[Sequence[object]]:
    yield "matrix", "quantity", "value", "working"
    for kind, workings in (("W", matrix.sizes), ("im2col", matrix.im2col)):
        for working in workings:
            yield kind, working.quantity, int(working.number), equation_text(working.number)


def _build_matrix_data(name: str, matrix: ConvolutionMatrix) -> dict[str, object]:
    def amounts(workings: Sequence[Working]) -> dict[str, int]:
        return {working.quantity.replace(" ", "_"): int(working.number) for working in workings}

    rows, columns, sums = measure_product(matrix.node, matrix.groups)
    return {
        "schema_version": 1,
        "name": name,
        "layer": matrix.node.name,
        "matrix": amounts(matrix.sizes),
        "im2col": amounts(matrix.im2col),
        "product": {"times": matrix.groups, "rows": rows, "sums": sums, "columns": columns},
        "pattern": describe_pattern(matrix),
        "entries": name_entries(matrix),
    }

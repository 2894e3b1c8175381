"""A filled-in table beside the right counts, each difference explained where a known slip does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from cnncost.costs.count import Convention, LayerCount, Report, count_layer, count_network
from cnncost.errors import CnncostError
from cnncost.formats.answer_table import Answer
from cnncost.layers.pooling import Pooling
from cnncost.layers.sliding_window import Windowed
from cnncost.network import Node
from cnncost.shape import Shape
from cnncost.study.answer_rows import find_rows
from cnncost.study.tool_counts import name_tools

TOTAL = "total"


class JudgedAnswer(NamedTuple):
    """One number of a table beside the right one; `slip` says how it may have come about."""

    layer: str
    answer: Answer
    right: int | None
    """None where a layer's costs are unknown."""
    slip: str = ""

    @property
    def holds(self) -> bool:
        return self.right is None or self.answer.stands_for(self.right)


class Slip(NamedTuple):
    """A known slip: the number that it leads to, and what it is."""

    number: int
    words: str


def judge_answers(report: Report, answers: Sequence[Answer]) -> tuple[JudgedAnswer, ...]:
    """Compare each number of a table with the network's.

    Raises:
        CnncostError: a row names no layer of the network, or two rows are of one layer.
    """
    rows = find_rows(report, answers)
    return tuple(
        _judge_total(report, answer, answers) if row is None
        else _judge_layer(report, answer, row)
        for answer, row in zip(answers, rows, strict=True)
    )  # fmt: skip


def _right_figure(counts: object, quantity: str) -> int:
    """Read one of the counts of a layer, or of the totals."""
    if quantity == "flops":
        return 2 * _right_figure(counts, "connections")
    return int(getattr(counts, quantity))


def _judge_layer(report: Report, answer: Answer, row: LayerCount) -> JudgedAnswer:
    if not row.known and answer.quantity != "units":
        return JudgedAnswer(row.name, answer, None)
    right = _right_figure(row, answer.quantity)
    slips = _list_layer_slips(report, row, answer.quantity)
    factors = (*_list_tools([row], answer), *_list_factors(right, row))
    slip = _explain_answer(answer, right, slips, factors)
    return JudgedAnswer(row.name, answer, right, slip)


def _judge_total(report: Report, answer: Answer, answers: Iterable[Answer]) -> JudgedAnswer:
    if not report.complete and answer.quantity != "units":
        return JudgedAnswer(TOTAL, answer, None)
    right = _right_figure(report.totals, answer.quantity)
    slips = _list_total_slips(report, answer, answers)
    factors = (*_list_tools(report.layers, answer), *_list_factors(right, None))
    slip = _explain_answer(answer, right, slips, factors)
    return JudgedAnswer(TOTAL, answer, right, slip)


def _list_total_slips(report: Report, answer: Answer, answers: Iterable[Answer]) -> Iterator[Slip]:
    """List the slips of a total."""
    others = [one for one in answers if one.line != answer.line]
    column = [one.number for one in others if one.quantity == answer.quantity]
    yield Slip(sum(column), "the sum of the table's own rows")
    if answer.quantity == "units":
        inputs = sum(node.output.units for node in report.network.inputs)
        every = sum(row.units for row in report.layers)
        yield Slip(report.totals.units + inputs, "the input is counted")
        yield Slip(every, "layers without weights are counted, such as pooled maps")
        yield Slip(every + inputs, "the input and layers without weights are counted")
    yield from _list_quantity_slips(report.totals, answer.quantity)
    yield from _list_convention_slips(
        report, answer.quantity, lambda other: count_network(report.network, other).totals
    )


def _list_tools(rows: Sequence[LayerCount], answer: Answer) -> Iterator[Slip]:
    """List the other counters that print this number for these layers."""
    if answer.quantity == "connections":
        plain = [count_layer(row.node, Convention()) for row in rows]
        for words in name_tools(plain, answer.number, answer.step):
            yield Slip(answer.number, words)


def _explain_answer(
    answer: Answer, right: int, slips: Iterable[Slip], factors: Iterable[Slip]
) -> str:
    """Name all slips that lead from the right number to the given one; if there is none, a factor
    or a slip of the pen."""
    if answer.stands_for(right):
        return ""
    if 0 < right - answer.number < answer.step:
        return "cut short, not rounded"
    words = dict.fromkeys(slip.words for slip in slips if answer.stands_for(slip.number))
    if words:
        return ", or ".join(words)
    given, rounded = answer.number // answer.step, (right + answer.step // 2) // answer.step
    digits = _explain_digits(str(given), str(rounded))
    return next((slip.words for slip in factors if answer.stands_for(slip.number)), digits)


def _explain_digits(given: str, right: str) -> str:
    """Say which slip of the pen turns one number into the other.

    >>> _explain_digits("15415200", "105415200"), _explain_digits("132", "123")
    ('a digit is lost', 'two digits are swapped')
    """
    if given in (right[:i] + right[i + 1 :] for i in range(len(right))):
        return "a digit is lost"
    if right in (given[:i] + given[i + 1 :] for i in range(len(given))):
        return "a digit too many"
    if len(given) != len(right):
        return ""
    wrong = [i for i, (a, b) in enumerate(zip(given, right, strict=True)) if a != b]
    if len(wrong) == 1 and len(right) > 2:
        return "one digit is wrong"
    if len(wrong) == 2 and sorted(given) == sorted(right) and wrong[1] == wrong[0] + 1:
        return "two digits are swapped"
    return ""


def _list_factors(right: int, row: LayerCount | None) -> Iterator[Slip]:
    """List the slips that multiply or divide a number."""
    groups = getattr(row.node.layer, "groups", 1) if row else 1
    tower = "half: one of two towers" if groups == 2 else "half: one of two halves or towers"
    if right % 2 == 0:
        yield Slip(right // 2, tower)
    yield Slip(2 * right, "twice the right number")
    for power in (3, 6):
        yield Slip(right * 10**power, "zeros too many")
        if right % 10**power == 0:
            yield Slip(right // 10**power, "zeros are lost")
    for batch in (4, 8, 10, 16, 32, 64, 100, 128, 256, 512):
        yield Slip(batch * right, f"{batch} times: a batch of {batch}? counts are per example")


def _list_quantity_slips(counts: object, quantity: str) -> Iterator[Slip]:
    """List the slips that give another count of the same layer or network."""
    if quantity == "weights":
        yield Slip(_right_figure(counts, "parameters"), "biases are counted")
    if quantity == "connections":
        yield Slip(_right_figure(counts, "flops"), "FLOPs: two for each connection")
    if quantity == "flops":
        yield Slip(_right_figure(counts, "connections"), "connections: each is two FLOPs")
    for other in ("units", "weights", "connections"):
        if other != quantity:
            yield Slip(_right_figure(counts, other), f"its {other} stand in this column")


def _list_layer_slips(report: Report, row: LayerCount, quantity: str) -> Iterator[Slip]:
    """List the slips of one layer's count, the most telling first."""
    yield from _list_quantity_slips(row, quantity)
    if quantity == "units":
        for node in _list_pooled(report, row.node):
            yield Slip(node.output.units, "the pooled map's units")
        yield Slip(row.units + sum(x.units for x in row.node.inputs), "its input is counted")
    yield from _list_convention_slips(report, quantity, lambda other: count_layer(row.node, other))
    for node, words in _list_altered(report, row.node):
        yield Slip(_right_figure(count_layer(node, report.convention), quantity), words)


def _list_convention_slips(
    report: Report, quantity: str, count: Callable[[Convention], object]
) -> Iterator[Slip]:
    """List what another convention counts, where it differs; those that differ in one thing come
    first."""
    biases, padding = report.convention
    others = ((not biases, padding), (biases, not padding), (not biases, not padding))
    seen = {_right_figure(count(report.convention), quantity)}
    for other in map(Convention._make, others) if quantity in ("connections", "flops") else ():
        number = _right_figure(count(other), quantity)
        if number not in seen:
            seen.add(number)
            yield Slip(number, _describe_convention(other, report.convention))


def _describe_convention(other: Convention, right: Convention) -> str:
    """Say how one convention differs from the one that is asked for."""
    padding = "left out" if other.exclude_padding else "counted"
    found = []
    if other.biases != right.biases:
        found.append("biases are counted" if other.biases else "biases are left out")
    if other.exclude_padding != right.exclude_padding:
        found.append(f"connections to padding are {padding}")
    return " and ".join(found)


def _list_altered(report: Report, node: Node) -> Iterator[tuple[Node, str]]:
    """List the layer as it would be with one of its settings forgotten, or with another input."""
    layer = node.layer
    if getattr(layer, "groups", 1) > 1:
        yield from _alter(node, "groups are forgotten", groups=1)
    if isinstance(layer, Windowed):
        none = tuple((0, 0) for _ in node.output.extents)
        yield from _alter(node, "padding is left out", padding=none)
        yield from _alter(node, "the stride is forgotten", stride=(1,) * len(none))
    before = _find_pooling(report, node)
    if before is not None:
        yield from _reread(node, before.inputs[0], "its input is taken before pooling")
    elif not node.inputs[0].is_vector:
        for kernel in (2, 3) if min(node.inputs[0].extents) > 3 else ():
            yield from _reread(
                node,
                _pool(node.inputs[0], kernel),
                "its input is pooled with stride 2",
            )


def _list_pooled(report: Report, node: Node) -> Iterator[Node]:
    """List the poolings behind a layer, over layers without weights such as norms."""
    reached = {node.index}
    for after in report.network.layers:
        if after.layer.counted or reached.isdisjoint(after.reads):
            continue
        if isinstance(after.layer, Pooling):
            yield after
        else:
            reached.add(after.index)


def _find_pooling(report: Report, node: Node) -> Node | None:
    """Find the pooling that a layer reads, over layers without weights that keep the shape."""
    before = report.network.nodes[node.reads[0]]
    while before.layer is not None and not before.layer.counted:
        if isinstance(before.layer, Pooling):
            return before
        if before.output != before.inputs[0]:
            return None
        before = report.network.nodes[before.reads[0]]
    return None


def _pool(x: Shape, kernel: int) -> Shape:
    return Shape(x.channels, tuple(max((n - kernel) // 2 + 1, 1) for n in x.extents))


def _alter(node: Node, words: str, **fields: object) -> Iterator[tuple[Node, str]]:
    layer = replace(node.layer, **fields)
    try:
        yield replace(node, layer=layer, output=layer.infer_shape(node.inputs)), words
    except CnncostError:
        return


def _reread(node: Node, x: Shape, words: str) -> Iterator[tuple[Node, str]]:
    try:
        output = node.layer.infer_shape((x, *node.inputs[1:]))
    except CnncostError:
        return
    yield replace(node, inputs=(x, *node.inputs[1:]), output=output), words

"""The numbers that a layer carries for `cnncost run`: values: {weights: [...], bias: [...]}."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import did_you_mean, quote_text
from cnncost.language.nodes import Items, Node, Pairs, Scalar
from cnncost.language.values import Bad, Misread, read_plain_number
from cnncost.quantity import format_count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from cnncost.language.problems import Problems
    from cnncost.layers import Layer
    from cnncost.network import Input
    from cnncost.network import Node as Layered

    Number = int | Fraction
    Sizes = tuple[int, ...]

WEIGHTS = "weights"
"""The key of the tensor that PyTorch calls weight; every other key is PyTorch's name."""

_FORM = "values: {weights: [[1, -1], [0, 0.5]], bias: [0, 1]}, one row of weights a unit"


class CarriedTensor(NamedTuple):
    """One tensor's numbers, exact: a row for each entry of its list, inner lists in place."""

    rows: tuple[tuple[Number, ...], ...]
    start: int
    """The offset at which its list stands in the file."""
    loose: int | None
    """The offset of the first entry that is a number and no list."""

    @property
    def numbers(self) -> tuple[Number, ...]:
        return tuple(number for row in self.rows for number in row)


class Carried(NamedTuple):
    """A layer's own numbers, by their keys."""

    tensors: dict[str, CarriedTensor]
    places: dict[str, int]
    """The offset of each key."""
    start: int
    """The offset at which they stand in the file."""

    def list_numbers(self) -> dict[str, tuple[Number, ...]]:
        """Return all numbers of each tensor, in PyTorch's layout, by PyTorch's name for it."""
        return {_tensor_name(key): tensor.numbers for key, tensor in self.tensors.items()}


class Misfit(NamedTuple):
    """What of the numbers does not fit their layer."""

    offset: int
    what: str
    hint: str = ""


def tensor_key(name: str) -> str:
    """Return the key of a tensor of PyTorch's name."""
    return WEIGHTS if name == "weight" else name


def _tensor_name(key: str) -> str:
    return "weight" if key == WEIGHTS else key


def list_carried_shapes(layer: Layer, node: Input | Layered) -> dict[str, Sizes]:
    """Return the shape of every tensor that the layer carries, by its key."""
    x = node.inputs[0]
    shapes = {**layer.tensor_shapes(x), **layer.statistic_shapes(x)}
    return {tensor_key(name): shape for name, shape in shapes.items()}


def write_carried_form(shapes: dict[str, Sizes]) -> str:
    """Write what a layer's values must hold: `{weights: 2x3, bias: 2}`."""
    parts = (f"{key}: {_write_sizes(shape)}" for key, shape in shapes.items())
    return f"values: {{{', '.join(parts)}}}, lists of these sizes"


def _write_sizes(shape: Sizes) -> str:
    return "x".join(map(str, shape))


def read_carried(node: Node, problems: Problems) -> Carried | None:
    """Read the numbers under `values`; report a mistake and return None if there is one."""
    if not isinstance(node, Pairs):
        problems.add(node.start, "values takes weights and bias", f"write {_FORM}")
        return None
    found: dict[str, CarriedTensor] = {}
    places: dict[str, int] = {}
    before = problems.found
    for key, value in node.pairs:
        if key.text in places:
            problems.add(key.start, f"key {quote_text(key.text)} is given twice", "keep one")
            continue
        places[key.text] = key.start
        try:
            found[key.text] = _read_tensor(value, key.text)
        except Misread as trouble:
            problems.add(trouble.offset, trouble.what, trouble.hint)
    return Carried(found, places, node.start) if problems.found == before else None


def _read_tensor(node: Node, key: str) -> CarriedTensor:
    if not isinstance(node, Items):
        form = _FORM if key in (WEIGHTS, "bias") else _row_form(key)
        raise Misread(node.start, f"{key} of values takes a list", f"write {form}")
    loose = next((part.start for part in node.items if isinstance(part, Scalar)), None)
    rows = tuple(tuple(_read_numbers([part])) for part in node.items)
    return CarriedTensor(rows, node.start, loose)


def _read_numbers(row: list[Node]) -> Iterator[Number]:
    """List the numbers of a list in order, with those of inner lists (a filter's maps) in place."""
    for part in row:
        if isinstance(part, Items):
            yield from _read_numbers(part.items)
        elif isinstance(part, Scalar):
            known = read_plain_number(part)
            if isinstance(known, Bad):
                raise Misread(part.start, known.what, known.hint)
            yield known
        else:
            raise Misread(part.start, "a mapping stands where a number is due")


# What fits


def find_misfit(carried: Carried, layer: Layer, node: Input | Layered) -> Misfit | None:
    """Say what does not fit the layer, and what would; None if everything fits."""
    start = carried.start
    if node.shares is not None:
        what = f"{node.name} shares another layer's parameters and has values too"
        return Misfit(start, what, "drop one")
    shapes = list_carried_shapes(layer, node)
    form = _FORM if layer.by_rows else write_carried_form(shapes)
    if "bias" in carried.tensors and getattr(layer, "bias", None) is False:
        return Misfit(start, f"values has a bias, but {node.name} has bias: false", "drop one")
    for key, offset in carried.places.items():
        if key not in shapes:
            if without := _find_bias_flag(key, layer):
                return Misfit(
                    offset, f"values has {key}, but {node.name} has {without}", "drop one"
                )
            what = f"unknown key {quote_text(key)} in values"
            return Misfit(offset, what, did_you_mean(key, tuple(shapes), f"write {form}"))
    for key, shape in shapes.items():
        if key in carried.tensors:
            wrong = _find_size_misfit(carried.tensors[key], key, shape, layer, node)
        else:
            wrong = _find_lack(key, shape, layer, node, form)
        if wrong is not None:
            of_tensor = key in carried.tensors and not layer.by_rows
            return Misfit(carried.tensors[key].start if of_tensor else start, *wrong)
    return _find_loose_number(carried, shapes)


def _find_bias_flag(key: str, layer: Layer) -> str:
    """Return the flag that says that a layer is without a bias of this key; empty if none does."""
    if "bias" in key and getattr(layer, "bias", None) is False:
        return "bias: false"
    single = key.startswith("bias_hh") and getattr(layer, "single_bias", False)
    return "single_bias: true" if single else ""


def _find_lack(
    key: str, shape: Sizes, layer: Layer, node: Input | Layered, form: str
) -> tuple[str, str]:
    if key == "bias" and "bias" in layer.kinds:
        biases = format_count(prod(shape), "bias", "biases")
        return (
            f"values has no bias, but {node.name} has {biases}",
            "give them, or write bias: false",
        )
    return f"values has no {key}", f"write {form}"


def _find_size_misfit(
    tensor: CarriedTensor, key: str, shape: Sizes, layer: Layer, node: Input | Layered
) -> tuple[str, str] | None:
    """Compare a tensor's rows, or the numbers of a vector, with what the layer has."""
    units, *rest = shape
    rows, given = len(tensor.rows), len(tensor.numbers)
    by_units = layer.by_rows and units == node.output.channels
    hint = f"{key} is {_write_sizes(shape)}: its input is {node.inputs[0]}"
    if not rest and given != units:
        if by_units:
            biases = format_count(given, "bias", "biases")
            own = format_count(units, "unit")
            return f"values has {biases}, but {node.name} has {own}", "one bias a unit"
        numbers = format_count(given, "number")
        return f"{key} of values has {numbers}, but {node.name}'s has {units:,}", hint
    if not rest:
        return None
    if rows != units:
        if by_units:
            own = format_count(units, "unit")
            rows_given = format_count(rows, "row")
            return (
                f"values has {rows_given} of weights, but {node.name} has {own}",
                "one row a unit",
            )
        what = f"{key} of values has {format_count(rows, 'row')}, but {node.name}'s has {units:,}"
        return what, hint
    for at, row in enumerate(tensor.rows, start=1):
        if len(row) == prod(rest) or tensor.loose is not None:
            continue
        if by_units:
            return (
                f"row {at} of values has {format_count(len(row), 'weight')}, but a unit of "
                f"{node.name} has {prod(rest):,}: its input is {node.inputs[0]}", "",
            )  # fmt: skip
        numbers = format_count(len(row), "number")
        return f"row {at} of {key} has {numbers}, but {node.name}'s have {prod(rest):,}", hint
    return None


def _find_loose_number(carried: Carried, shapes: dict[str, Sizes]) -> Misfit | None:
    """Find a number that stands where a row of them is due."""
    for key, shape in shapes.items():
        loose = carried.tensors[key].loose
        if len(shape) > 1 and loose is not None:
            what = f"each row of {'values' if key == WEIGHTS else key} takes a list"
            return Misfit(loose, what, f"write {_FORM if key == WEIGHTS else _row_form(key)}")
    return None


def _row_form(key: str) -> str:
    return f"{key}: [[1, -1], [0, 0.5]]"

"""Write the text of a spec: its lines, and the layout of lists and mappings."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import make_printable
from cnncost.language.names import RESERVED
from cnncost.layers import JOINS, layer_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncost.formats.graph import Graph, Op, Value
    from cnncost.language import Spec


_WIDTH = 96
"""The width of a line of notes."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


def write_kept_text(spec: Spec) -> bytes:
    """Return a spec's own text, with comments and layout; of an import, what it was turned into."""
    return spec.text.text.encode()


def spec_text(graph: Graph) -> str:
    """Write the spec of a graph, with names from its source where something needs them.

    A layer is named if it has parameters or if a line further down reads it. A layer has `from`
    if it does not read the line above.
    """
    called = spec_names(graph)
    lines = [*write_heading(graph, called), "layers:"]
    above = list(graph.inputs)[-1] if len(graph.inputs) == 1 else ""
    needed = _names_needed(graph)
    for op in graph.ops:
        lines.append(f"  - {_write_line(op, called, above, named=op.name in needed)}")
        above = op.name
    return "\n".join(lines) + "\n"


def write_heading(graph: Graph, names: dict[str, str]) -> list[str]:
    """Write what stands above the layers: name, citation, notes, published figures, types,
    inputs."""
    lines = [f"name: {quoted_text(graph.name)}"]
    if graph.source:
        lines.append(f"source: {quoted_text(graph.source)}")
    if graph.notes:
        lines += ["notes: >", *_fold_text(graph.notes)]
    if graph.published:
        lines.append("published:")
        lines += [f"  {figure}: {_quote_text(words)}" for figure, words in graph.published]
    if graph.types:
        given = graph.types._asdict().items()
        words = [f"{kind}: {word}" for kind, word in given if kind != "other_bytes" or word]
        lines.append(f"types: {{{', '.join(words)}}}")
    return [*lines, f"input: {_write_inputs(graph, names)}"]


def _fold_text(text: str) -> list[str]:
    """Write a text in YAML's folded style: a line end is a space, an empty line a line end."""
    lines: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        lines += [""] if lines else []
        lines += [f"  {part}" for part in wrap(line, _WIDTH, break_long_words=False)]
    return lines


def _write_inputs(graph: Graph, names: dict[str, str]) -> str:
    """Write the value of `input:`."""
    shapes = {name: value_text(shape) for name, shape in graph.inputs.items()}
    if len(shapes) == 1:
        return next(iter(shapes.values()))
    return "{" + ", ".join(f"{names[name]}: {shape}" for name, shape in shapes.items()) + "}"


def _names_needed(graph: Graph) -> set[str]:
    """Find what must have a name: layers with parameters, outputs, what later lines refer to."""
    needed = set(graph.outputs)
    needed.discard(graph.ops[-1].name)  # what stands last is an output anyway
    above = next(iter(graph.inputs)) if len(graph.inputs) == 1 else ""
    for op in graph.ops:
        if op.shares:
            needed.add(op.shares)
        needed.update(read for read in op.reads if read != above)
        if layer_type(op.word).counted:
            needed.add(op.name)
        above = op.name
    return needed


def _write_line(op: Op, names: dict[str, str], above: str, *, named: bool) -> str:
    """Write one line: a word, or a mapping with the name first and the type's key behind it."""
    arguments = dict(op.arguments)
    parts = [f"name: {names[op.name]}"] if named else []
    reads = ["previous" if read == above else names[read] for read in op.reads]
    if op.word in JOINS:
        parts.append(f"{op.word}: [{', '.join(reads)}]")
    elif op.word == "opaque":
        inner = ", ".join(f"{key}: {value_text(value)}" for key, value in arguments.items())
        parts.append(f"opaque: {{{inner}}}")
        arguments = {}
    else:
        main = layer_type(op.word).main
        given = main is not None and main in arguments
        parts.append(f"{op.word}: {value_text(arguments.pop(main))}" if given and main else op.word)
    parts += [f"{key}: {value_text(value)}" for key, value in arguments.items()]
    if op.shares:
        parts.append(f"share: {names[op.shares]}")
    if op.frozen:
        parts.append("frozen: true")
    if op.word not in JOINS and reads != ["previous"]:
        parts.append(f"from: {reads[0]}" if len(reads) == 1 else f"from: [{', '.join(reads)}]")
    return parts[0] if parts == [op.word] else "{" + ", ".join(parts) + "}"


def value_text(value: Value) -> str:
    """Write an argument as a spec has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(value_text(part) for part in value)}]"
    if isinstance(value, Fraction):
        return repr(float(value))
    return quoted_text(value) if isinstance(value, str) else str(value)


def quoted_text(text: str) -> str:
    """Quote a text, if needed, so that YAML reads it as itself."""
    if _PLAIN.fullmatch(text):
        return text
    return _quote_text(text)


def _quote_text(text: str) -> str:
    whole = text.encode(errors="replace").decode()  # YAML has no half of a surrogate pair
    return '"' + make_printable(whole.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def spec_names(graph: Graph) -> dict[str, str]:
    """Give each operation and input a unique name of letters, digits and underscores."""
    found: dict[str, str] = {}
    taken: Counter[str] = Counter()
    if len(graph.inputs) == 1:
        found[next(iter(graph.inputs))] = "input"
        taken["input"] = 1
    for name in [
        *(name for name in graph.inputs if name not in found),
        *(o.name for o in graph.ops),
    ]:
        found[name] = _take_free_name(clean_name(name), taken)
    return found


def clean_name(name: str) -> str:
    """Turn a text into the nearest name that a spec allows."""
    word = re.sub(r"\W+", "_", name, flags=re.A).strip("_") or "layer"
    if word[0].isdigit():
        word = f"layer{word}"
    return f"{word}_" if word in RESERVED or word in ("input", "channels") else word


def _take_free_name(word: str, taken: Counter[str]) -> str:
    """Return the word, or the word with the first number that makes it free."""
    name = word
    while taken[name]:
        taken[word] += 1
        name = f"{word}_{taken[word]}"
    taken[name] += 1
    return name


# The layout of lists and mappings

WIDTH = 100
"""The width of a line that has more than one layer."""

MARGIN = 12
"""How far a list in a structure of a block is indented, about."""


class LayoutItem(NamedTuple):
    """An entry of a list, written in two ways: within a line, and as lines of its own."""

    flow: str
    """The text within a line; empty if it does not fit on one."""
    lines: list[str]
    """The lines, without the dash."""


def lay_mapping(keys: list[str], *, wraps: bool) -> LayoutItem:
    """Write keys with their values as a mapping, over several lines if it is long and `wraps`.

    A single word stands as it is.
    """
    if len(keys) == 1 and ": " not in keys[0]:
        return LayoutItem(keys[0], keys)
    text = "{" + ", ".join(keys) + "}"
    return LayoutItem(text, _wrap_mapping(keys) if wraps and len(text) > WIDTH else [text])


def lay_structure(
    above: list[str], parts: list[tuple[str, LayoutItem]], below: list[str]
) -> LayoutItem:
    """Write keys with lists behind them, and further keys above and below."""
    flow = ""
    if all(item.flow for _, item in parts) and len(parts) == 1:
        keys = [*above, *(f"{key}: {item.flow}" for key, item in parts), *below]
        flow = "{" + ", ".join(keys) + "}"
    flow = flow if len(flow) <= WIDTH - MARGIN else ""
    if flow and (above or below):
        return LayoutItem(flow, [flow])
    lines = list(above)
    for key, item in parts:
        within = f"{key}: {item.flow}"
        if item.flow and len(within) <= WIDTH - MARGIN:
            lines.append(within)
        else:
            lines += [f"{key}:", *(f"  {line}" for line in item.lines)]
    lines += below
    return LayoutItem(flow, lines)


def lay_list(items: Iterable[LayoutItem]) -> LayoutItem:
    """Write a list, within a line if it is short."""
    entries = list(items)
    flow = f"[{', '.join(item.flow for item in entries)}]"
    short = all(item.flow for item in entries) and len(flow) <= WIDTH - MARGIN
    return LayoutItem(flow if short else "", [line for item in entries for line in dash_item(item)])


def dash_item(item: LayoutItem) -> list[str]:
    """Write an item as an entry of a list, with a dash."""
    first, *others = item.lines
    return [f"- {first}", *(f"  {line}" for line in others)]


def lay_branch(item: LayoutItem) -> LayoutItem:
    """Write a list that is an entry of another list, within a line if it fits."""
    return LayoutItem(item.flow, [item.flow]) if item.flow else item


def _wrap_mapping(keys: list[str]) -> list[str]:
    """Write a mapping over as many lines as it needs."""
    lines = ["{" + keys[0]]
    for key in keys[1:]:
        if len(lines[-1]) + len(key) + 2 <= WIDTH - MARGIN:
            lines[-1] += f", {key}"
        else:
            lines[-1] += ","
            lines.append(f" {key}")
    lines[-1] += "}"
    return lines

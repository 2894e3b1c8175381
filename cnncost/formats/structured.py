"""A graph as a spec that a person would keep: structures, blocks and repeats found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.formats.repeats import Block, find_blocks
from cnncost.formats.series import Series, link
from cnncost.formats.spec_text import (
    clean,
    names,
    quoted_text,
    spec_text,
    value_text,
    written_inputs,
)
from cnncost.layers import JOINS, layer_type
from cnncost.spec import MAX_LAYERS, Settings, read_spec

if TYPE_CHECKING:
    from cnncost.formats.graph import Graph
    from cnncost.formats.pieces import Piece
    from cnncost.network import Network


def structured_text(graph: Graph) -> str:
    """The spec of a graph with its structure; flat where the structure would not be the same.

    The text is read again, and its network must be the flat one's, node by node.
    """
    flat = spec_text(graph)
    text = attempt(graph)
    try:
        same = equal(_network(text), _network(flat))
    except CnncostError:
        same = False
    return text if same else flat


def attempt(graph: Graph) -> str:
    """The structured text, not yet compared with the graph."""
    return _Writer(graph).text()


def equal(a: Network, b: Network) -> bool:
    """Whether two networks are the same but for names: layers, edges, order, outputs.

    Sums and products do not tell their operands apart.
    """
    if len(a.nodes) != len(b.nodes) or a.outputs != b.outputs:
        return False
    for x, y in zip(a.nodes, b.nodes, strict=True):
        told = x.layer is None or x.layer.word not in ("add", "mul")
        reads = x.reads == y.reads if told else sorted(x.reads) == sorted(y.reads)
        kept = (x.output, x.frozen, x.shares) == (y.output, y.frozen, y.shares)
        if not (reads and kept and x.layer == y.layer):
            return False
    return True


def _network(text: str) -> Network:
    return read_spec(text, "<graph>", Settings({}, {}, MAX_LAYERS)).network


_HEADS = {"residual": ("residual", "shortcut"), "parallel": ("parallel",), "densely": ("densely",)}
"""The keys of each structure's lists."""


class _Writer:
    """The text of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names = names(graph)
        self.ops = {op.name: op for op in graph.ops}
        self.pieces = Series(graph).pieces
        self.needed = link(graph, self.pieces)
        self.above = next(iter(graph.inputs)) if len(graph.inputs) == 1 else ""
        self.blocks = find_blocks(self.pieces)
        self.top = {id(piece) for piece in self.pieces}
        self.taken = {self.names[name] for name in self.needed if name in self.names}
        self.taken |= {block.name for block in self.blocks}

    def text(self) -> str:
        lines = [f"name: {quoted_text(self.graph.name)}"]
        if self.graph.notes:
            lines += ["notes: >", *(f"  {line}" for line in self.graph.notes.splitlines())]
        lines.append(f"input: {written_inputs(self.graph, self.names)}")
        if self.blocks:
            lines.append("blocks:")
        for block in self.blocks:
            lines += self._block(block)
        lines.append("layers:")
        self._list(self.pieces, "  ", lines, named=True)
        return "\n".join(lines) + "\n"

    def _block(self, block: Block) -> list[str]:
        signature = f"({', '.join(block.parameters)})" if block.parameters else ""
        lines = [f"  {block.name}{signature}:"]
        self._list(block.body, "    ", lines, named=False)
        return lines

    def _list(self, pieces: list[Piece], indent: str, lines: list[str], *, named: bool) -> None:
        """The lines of a list; equal calls that follow each other as one."""
        at = 0
        while at < len(pieces):
            piece, end = pieces[at], at + 1
            while end < len(pieces) and _same(piece, pieces[end]):
                end += 1
            self._piece(piece, end - at, indent, lines, named=named)
            self.above = pieces[end - 1].out
            at = end

    def _piece(
        self, piece: Piece, times: int, indent: str, lines: list[str], *, named: bool
    ) -> None:
        keys = self._keys(piece, named=named)
        if times > 1:
            keys.append(f"repeat: {times}")
        if not piece.branches:
            alone = len(keys) == 1 and ": " not in keys[0]
            lines.append(f"{indent}- {keys[0] if alone else '{' + ', '.join(keys) + '}'}")
            self.above = piece.out
            return
        heads = _HEADS[piece.word]
        parts = [*keys[:-1]] if piece.word == "parallel" else keys
        lead = f"{indent}- "
        for key in parts:
            lines.append(lead + key)
            lead = f"{indent}  "
        if piece.word != "parallel":
            named = named and piece.word != "densely"  # one list stands for all the copies
            for head, branch in zip(heads, piece.branches, strict=False):
                lines.append(f"{lead}{head}:")
                self._list(branch, f"{indent}    ", lines, named=named)
                lead = f"{indent}  "
        else:
            lines.append(f"{lead}parallel:")
            for branch in piece.branches:
                lines.append(f"{indent}    -" + ("" if branch else " []"))
                self._list(branch, f"{indent}      ", lines, named=named)
        self.above = piece.out

    def _keys(self, piece: Piece, *, named: bool) -> list[str]:
        """The line's keys, the name first."""
        name = self._name(piece, named=named)
        keys = [f"name: {name}"] if name else []
        reads = [
            "previous" if read == self.above else self.names.get(read, read)
            for read in piece.reads.split(",")
        ]
        if piece.branches:
            keys += [f"{key}: {value_text(value)}" for key, value in piece.args.items()]
            return keys + (["parallel"] if piece.word == "parallel" else [])
        if piece.word in JOINS:
            return [*keys, f"{piece.word}: [{', '.join(reads)}]"]
        keys += self._arguments(piece)
        op = self.ops.get(piece.out)
        if op is not None and op.word == piece.word:
            keys += [f"share: {self.names[op.shares]}"] if op.shares else []
            keys += ["frozen: true"] if op.frozen else []
        if piece.fixed and named and len(piece.reads.split(",")) == 1 and id(piece) in self.top:
            keys += [] if reads == ["previous"] else [f"from: {reads[0]}"]
        return keys

    def _arguments(self, piece: Piece) -> list[str]:
        arguments = dict(piece.args)
        if piece.word == "opaque":
            inner = ", ".join(f"{key}: {value_text(value)}" for key, value in arguments.items())
            return [f"opaque: {{{inner}}}"]
        if any(piece.word == block.name for block in self.blocks):
            main: str | None = next(iter(arguments), None)
        else:
            main = layer_type(piece.word).main
        for key, usual in (("stride", 1), ("padding", 0)):
            if piece.word == "conv" and arguments.get(key) == usual:
                del arguments[key]
        first = f"{piece.word}: {_number(arguments.pop(main))}" if main in arguments else piece.word
        return [first, *(f"{key}: {_number(value)}" for key, value in arguments.items())]

    def _name(self, piece: Piece, *, named: bool) -> str:
        if piece.out in self.needed and piece.fixed:
            return self.names[piece.out]
        if not named or not piece.named:
            return ""
        name = clean(piece.path)
        if name in self.taken:
            return ""
        self.taken.add(name)
        return name


def _same(a: Piece, b: Piece) -> bool:
    """Whether two lines are one with `repeat`."""
    plain = not (a.fixed or b.fixed or a.branches or b.branches)
    return plain and a.word == b.word and a.args == b.args


def _number(value: object) -> str:
    """A value, or an expression as it stands."""
    if isinstance(value, str) and " * " in value:
        return value
    return value_text(value)  # type: ignore[arg-type]  # a Value: pieces hold no other

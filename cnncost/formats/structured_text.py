"""Write a graph as a spec that a person would keep: with structures, blocks and repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.formats.repeats import FoundBlock, find_blocks, is_same_line
from cnncost.formats.series import USUAL, Series, mark_links
from cnncost.formats.spec_text import (
    LayoutItem,
    clean_name,
    dash_item,
    lay_branch,
    lay_list,
    lay_mapping,
    lay_structure,
    spec_names,
    spec_text,
    value_text,
    write_heading,
)
from cnncost.formats.structure_pieces import PieceExpression, common_module
from cnncost.language import MAX_LAYERS, Settings, read_spec
from cnncost.layers import FAMILIES, JOINS, layer_type

if TYPE_CHECKING:
    from cnncost.formats.graph import Graph, Value
    from cnncost.formats.structure_pieces import StructurePiece
    from cnncost.network import Input, Network, Node


def structured_text(graph: Graph, network: Network | None = None) -> str:
    """Write the spec of a graph with its structure, or flat if the structure would change it.

    The text is read again, and its network must equal the graph's, node by node. `network` is
    the graph's network, if the caller has it.
    """
    network = network or _read_network(spec_text(graph))
    text = write_structured(graph, network)
    try:
        kept = are_equal_networks(_read_network(text), network)
    except CnncostError:
        kept = False
    return text if kept else spec_text(graph)


def write_structured(graph: Graph, network: Network | None = None) -> str:
    """Write the structured text like `structured_text`, but without comparing it."""
    return _Writer(graph, network or _read_network(spec_text(graph))).write_spec_text()


def are_equal_networks(a: Network, b: Network) -> bool:
    """Whether two networks are the same but for names: layers, edges, order, outputs.

    The operands of a sum or product may stand in another order.
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


def _read_network(text: str) -> Network:
    return read_spec(text, "<graph>", Settings({}, {}, MAX_LAYERS)).network


class _Writer:
    """Writes the text of one graph."""

    def __init__(self, graph: Graph, network: Network) -> None:
        self.graph = graph
        self.names = spec_names(graph)
        self.ops = {op.name: op for op in graph.ops}
        self.pieces = Series(graph).pieces
        self.needed = mark_links(graph, self.pieces)
        self._set_widths(network)
        self.above = next(iter(graph.inputs)) if len(graph.inputs) == 1 else ""
        self.blocks = {block.name: block for block in find_blocks(self.pieces)}
        self.taken = {self.names[name] for name in self.needed if name in self.names}
        self.taken |= set(self.blocks)

    def _set_widths(self, network: Network) -> None:
        """Tell each piece how many channels enter it, and which convolutions are depthwise."""
        nodes: list[Input | Node] = [*network.inputs, *network.layers]
        names = [*self.graph.inputs, *self.ops]
        widths = {name: node.output.channels for name, node in zip(names, nodes, strict=True)}
        for top in self.pieces:
            pieces = list(top.walk_pieces())
            # One list stands for all copies of a dense structure, which read ever more channels.
            varied = {id(p) for one in pieces if one.word == "densely" for p in one.walk_pieces()}
            for piece in pieces:
                known = piece.word == "densely" or id(piece) not in varied
                piece.channels = widths[piece.reads.partition(",")[0]] if known else 0
                if piece.word == "conv" and piece.args["groups"] == piece.channels > 1:
                    piece.args["groups"] = "depthwise"

    def write_spec_text(self) -> str:
        lines = write_heading(self.graph, self.names)
        if self.blocks:
            lines.append("blocks:")
        for block in self.blocks.values():
            lines += self._write_block(block)
        lines.append("layers:")
        for item in self._write_items(self.pieces, named=True):
            lines += [f"  {line}" for line in dash_item(item)]
        return "\n".join(lines) + "\n"

    def _write_block(self, block: FoundBlock) -> list[str]:
        told = [
            name if default is None else f"{name}={value_text(default)}"
            for name, default in block.parameters.items()
        ]
        signature = f"({', '.join(told)})" if told else ""
        lines = [f"  {block.name}{signature}:"]
        for item in self._write_items(block.body, named=False):
            lines += [f"    {line}" for line in dash_item(item)]
        return lines

    def _write_items(self, pieces: list[StructurePiece], *, named: bool) -> list[LayoutItem]:
        """Write the items of a list; equal ones in a row become one with `repeat`."""
        items: list[LayoutItem] = []
        at = 0
        while at < len(pieces):
            end = at + 1
            while end < len(pieces) and is_same_line(pieces[at], pieces[end]):
                end += 1
            items.append(self._write_item(pieces[at:end], named=named))
            self.above = pieces[end - 1].out
            at = end
        return items

    def _write_item(self, copies: list[StructurePiece], *, named: bool) -> LayoutItem:
        """Write one line or structure, with `repeat` if there are several copies."""
        piece = copies[0]
        if (line := _single_line(copies)) is not None:  # its one line has the name
            line.path, piece.path = piece.home, ""
        name = self._take_name(copies, named=named)
        above = [f"name: {name}"] if name else []
        below = [f"repeat: {len(copies)}"] if len(copies) > 1 else []
        if not piece.branches:
            return lay_mapping(
                [*above, *self._write_keys(piece), *below], wraps=piece.word in self.blocks
            )
        lists = []
        entry = self.above
        for inner in piece.branches:
            self.above = entry
            own = named and len(copies) == 1 and piece.word != "densely"
            lists.append(lay_list(self._write_items(inner, named=own)))
        heads = [piece.word, "shortcut"] if piece.word == "residual" else [piece.word]
        if piece.word == "parallel":
            lists = [lay_list(lay_branch(inner) for inner in lists)]
        keys = [f"{key}: {_argument_text(value)}" for key, value in piece.args.items()]
        return lay_structure(above, list(zip(heads, lists, strict=False)), [*keys, *below])

    def _write_keys(self, piece: StructurePiece) -> list[str]:
        """Write the keys that stand behind the line's name."""
        reads = [
            "previous" if read == self.above else self.names.get(read, read)
            for read in piece.reads.split(",")
        ]
        if piece.word in JOINS:
            further = [f"{key}: {_argument_text(value)}" for key, value in piece.args.items()]
            return [f"{piece.word}: [{', '.join(reads)}]", *further]
        keys = self._write_arguments(piece)
        op = self.ops.get(piece.out)
        if op is not None and op.word == piece.word:
            keys += [f"share: {self.names[op.shares]}"] if op.shares else []
            keys += ["frozen: true"] if op.frozen else []
        if piece.foreign:
            keys += [f"from: {reads[0]}"]
        return keys

    def _write_arguments(self, piece: StructurePiece) -> list[str]:
        """Write the word with the main argument, and the other arguments that are no defaults."""
        arguments = dict(piece.args)
        if piece.word == "opaque":
            inner = ", ".join(f"{key}: {value_text(value)}" for key, value in arguments.items())
            return [f"opaque: {{{inner}}}"]
        block = self.blocks.get(piece.word)
        if block is not None:
            main = next(iter(block.parameters), None)
            arguments = block.call_arguments(piece)
        else:
            main = layer_type(piece.word).main
            if piece.word in FAMILIES["convolution"]:
                arguments = {k: v for k, v in arguments.items() if v != USUAL.get(k)}
        first = (
            f"{piece.word}: {_argument_text(arguments.pop(main))}"
            if main in arguments
            else piece.word
        )
        return [first, *(f"{key}: {_argument_text(value)}" for key, value in arguments.items())]

    def _take_name(self, copies: list[StructurePiece], *, named: bool) -> str:
        """Return the line's name; empty if nothing needs one."""
        piece = copies[0]
        if not named:
            return piece.label
        if piece.referred and piece.out in self.needed and (piece.fixed or not piece.kinds):
            return self.names[piece.out]
        if not piece.named and not piece.branches:
            return ""
        path = _copies_path(copies)
        name = clean_name(path)
        if name in self.taken or not path:
            name = self.names[piece.out] if piece.referred else ""
        self.taken.add(name)
        if piece.referred:
            self.names[piece.out] = name
        return name


def _single_line(copies: list[StructurePiece]) -> StructurePiece | None:
    """Return the only line of a structure if that line has a name."""
    inner = [piece for branch in copies[0].branches for piece in branch]
    alone = len(copies) == 1 and copies[0].is_repeatable and len(inner) == 1 and inner[0].named
    return inner[0] if alone else None


def _copies_path(copies: list[StructurePiece]) -> str:
    """Return the path of several copies: their module, if it holds nothing else."""
    own = [p.home if p.branches else p.path for p in copies]
    home, stem = common_module(own), own[0].rstrip("0123456789")
    for first in (0, 1):
        if len(own) > 1 and own == [f"{stem}{i}" for i in range(first, first + len(own))]:
            return home if any(map(str.isdigit, home)) else own[0]  # itself one of several
    return own[0]


def _argument_text(value: Value) -> str:
    """Write a value; an expression stands as it is."""
    return str(value) if isinstance(value, PieceExpression) else value_text(value)

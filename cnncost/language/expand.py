"""Expand lines into the network: call blocks, make copies, resolve names."""

from __future__ import annotations

from collections.abc import Mapping

from cnncost.language.assembly import Assembly, Written
from cnncost.language.line import Block, Line
from cnncost.language.problems import Problems
from cnncost.language.scope import BlockCall, Copies, Entry, Frame, Scope
from cnncost.language.site import Site, bind_default
from cnncost.language.structures import LAYOUTS
from cnncost.language.values import BoundValue, Misread, Reading, UnknownValue, Word, read_literal
from cnncost.layers import JOINS
from cnncost.layers.kinds import spell_value
from cnncost.network import NetworkBuilder

__all__ = ["Expansion", "Frame", "TooMany", "Written"]

DEEPEST = 60
"""How deep calls of blocks within blocks may be."""

_JOINED = "list the names of all that it reads"

_LINES = 3
"""How many expanded lines are allowed per allowed layer: calls and structures are lines too."""

_READS = 10
"""How many nodes the joins of structures may read per allowed layer: dense copies read many."""


class TooMany(Exception):
    """There are more layers or steps than allowed; `start` is the offset of the line at fault."""

    def __init__(self, start: int, what: str, hint: str = "raise it with --max-layers") -> None:
        self.start, self.what, self.hint = start, what, hint


class Expansion:
    """Expands the lines of one spec into a network."""

    def __init__(
        self,
        builder: NetworkBuilder,
        problems: Problems,
        params: Mapping[str, BoundValue | None],
        max_layers: int,
    ) -> None:
        self.assembly = Assembly(builder, problems)
        self.builder = builder
        self.problems = problems
        self.params = params
        self.max_layers = max_layers
        self.steps = 0
        self.joined = 0
        """How many nodes the joins of structures have read so far."""
        self.named: set[int] = set()
        """The nodes that lines give a name; they may be outputs."""

    # Lists and lines

    def expand_lines(self, lines: list[Line], previous: int | None, frame: Frame) -> int | None:
        """Expand the lines behind the node `previous`; return the output of the last one."""
        for line in lines:
            previous = self._expand_line(line, previous, frame)
        return previous

    def _expand_line(self, line: Line, previous: int | None, frame: Frame) -> int | None:
        self.count_step(line)
        name = line.name or self._number_line(line, frame)
        if not line.sound:
            frame.scope.names[name] = None
            return None
        try:
            copies, numbered = self._read_repeat(line, frame)
            source = self._find_source(line, previous, frame)
            inner = frame.inherit_keys(line)
        except (Misread, UnknownValue) as trouble:
            self.report_trouble(trouble, line)
            frame.scope.names[name] = None
            return None
        if copies == 0:
            frame.scope.names[name] = Copies()
            return previous
        if not numbered:
            entry, output = self._expand_copy(line, name, source, previous, inner)
            frame.scope.names[name] = entry
        else:
            group = Copies()
            frame.scope.names[name] = group
            output = previous
            for copy in range(1, copies + 1):
                self.count_step(line)
                entry, output = self._expand_copy(line, f"{name}.{copy}", source, output, inner)
                group.copies.append(entry)
                source = output
        if line.name and output is not None:
            self.named.add(output)
        return output

    def _number_line(self, line: Line, frame: Frame) -> str:
        word = line.word
        if line.type is None and line.block is None:
            if not line.bodies:
                bound = frame.env.get(word)
                if bound is not None and isinstance(bound.value, Word):
                    word = str(bound.value)
            elif line.join and not line.scoped:
                word = line.join
        return frame.scope.next_name(word)

    def _expand_copy(
        self, line: Line, name: str, source: int | None, previous: int | None, frame: Frame
    ) -> tuple[Entry, int | None]:
        """Expand one copy of a line; return what its name stands for, and its output."""
        if len(self.assembly.written) >= self.max_layers:
            raise TooMany(line.start, f"more than {self.max_layers:,} layers")
        try:
            if line.block is not None:
                return self._expand_call(line, line.block, name, source, previous, frame)
            if line.bodies:
                return LAYOUTS[line.word](self, line, name, source, frame)
            node = self.assembly.assemble_layer(
                line, name, source, Site(self.builder.nodes, frame, previous)
            )
        except (Misread, UnknownValue) as trouble:
            self.report_trouble(trouble, line)
            node = None
        return node, node

    def count_step(self, line: Line) -> None:
        """Count one more expanded line, or copy of a line, against the bound."""
        self.steps += 1
        if self.steps > _LINES * self.max_layers:
            raise TooMany(line.start, f"more than {_LINES * self.max_layers:,} lines once expanded")

    def count_reads(self, line: Line, count: int) -> None:
        """Count the nodes that the join of a structure reads, against the bound."""
        self.joined += count
        if self.joined > _READS * self.max_layers:
            raise TooMany(
                line.start, f"structures that join more than {_READS * self.max_layers:,} outputs"
            )

    def report_trouble(self, trouble: Misread | UnknownValue, line: Line) -> None:
        """Report why a line is refused, unless that was reported before."""
        if isinstance(trouble, UnknownValue):
            if self.problems.found:
                return  # said where it was refused
            trouble = self._nothing_above(line)
        self.problems.add(trouble.offset, trouble.what, trouble.hint)

    def _nothing_above(self, line: Line) -> Misread:
        names = [node.name for node in self.builder.nodes if node.layer is None]
        hint = _JOINED if line.word in JOINS else f"say which, as in from: {names[0]}"
        return Misread(
            line.start, f"{line.word} has nothing above it, and the network has several inputs: "
            f"{', '.join(names)}", hint,
        )  # fmt: skip

    # Keys that go with every layer

    def _read_repeat(self, line: Line, frame: Frame) -> tuple[int, bool]:
        """Read how many copies a line has, and whether they are numbered."""
        at = line.common.get("repeat")
        if at is None:
            return 1, False
        known = read_literal(at)  # as most are, and a file may hold very many
        value = Reading(frame.env).evaluate_node(at) if known is None else known
        if isinstance(value, bool):
            return int(value), False
        if not isinstance(value, int) or value < 0:
            raise Misread(
                at.start, "repeat must be a whole number of at least 0, true or false, but is "
                f"{spell_value(value)}", "a number of copies, or whether there is one",
            )  # fmt: skip
        if value > self.max_layers:
            raise TooMany(at.start, f"repeat asks for more than {self.max_layers:,} copies")
        return value, True

    def _find_source(self, line: Line, previous: int | None, frame: Frame) -> int | None:
        at = line.common.get("from")
        if at is None:
            return previous
        if line.word in JOINS:
            raise Misread(
                at.start, f"{line.word} takes no from: its list names all that it reads",
                "previous is the line above",
            )  # fmt: skip
        return Site(self.builder.nodes, frame, previous).find_node(at.text.strip(), at.start)

    # Blocks

    def _expand_call(
        self,
        line: Line,
        block: Block,
        name: str,
        source: int | None,
        previous: int | None,
        frame: Frame,
    ) -> tuple[Entry, int | None]:
        if frame.depth >= DEEPEST:
            raise TooMany(
                line.start, f"blocks called more than {DEEPEST} deep", "use repeat for what recurs"
            )
        full = frame.scope.prefix + name
        call = BlockCall(line.place, block.name, frame.scope.call, line)
        scope = Scope(full + ".", block.taken, call)
        env = self._bind_arguments(line, block, source, previous, frame)
        sharing = frame.shared_call(name, line)
        inner = Frame(scope, env, source, frame.frozen, sharing, depth=frame.depth + 1)
        scope.output = self.expand_lines(block.body, source, inner)
        return scope, scope.output

    def _bind_arguments(
        self,
        line: Line,
        block: Block,
        source: int | None,
        previous: int | None,
        frame: Frame,
    ) -> dict[str, BoundValue | None]:
        """Bind a block's parameters: arguments are read at the call, defaults in the signature."""
        env: dict[str, BoundValue | None] = dict(self.params)
        if source is not None:
            env["channels"] = BoundValue(self.builder.nodes[source].output.channels)
        else:
            env["channels"] = None
        site = Site(self.builder.nodes, frame, previous)
        for parameter in block.parameters:
            node, default = line.arguments.get(parameter.name), parameter.default
            bound: BoundValue | None = None
            try:
                if node is not None:
                    bound = site.bind_argument(node)
                elif default is not None:  # LineReader refuses calls that lack an argument
                    bound = bind_default(default, env)
            except UnknownValue:
                pass
            except Misread as trouble:
                what = f"{parameter.name}: {trouble.what}"
                self.problems.add(trouble.offset, what, trouble.hint)
            env[parameter.name] = bound
        return env

"""What stands inside each structure: its lists of layers, and how what leaves them is joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cnncost.language.nodes import Items, Scalar

if TYPE_CHECKING:
    from cnncost.language.line import Line
    from cnncost.language.names import Names
    from cnncost.language.nodes import Node
    from cnncost.language.problems import Problems


class ListReader(Protocol):
    """Reads the lists of lines that stand inside a line."""

    problems: Problems

    def read_lines(self, node: Node, names: Names, what: str) -> list[Line]:
        """The lines of a list ; `what` says whose it is, should it be no list."""
        ...


def read_bodies(reader: ListReader, line: Line, key: Scalar, names: Names) -> bool:
    """Read the lists of a structure's line, whose word stands at `key`; whether they are sound.

    A structure of which there are copies opens a scope: each copy has names of its own.
    """
    line.scoped = "repeat" in line.common or line.word == "densely"
    if line.main is None:
        reader.problems.add(key.start, f"{line.word} has no layers", "write a list behind it")
        return False
    return READERS[line.word](reader, line, key, line.taken if line.scoped else names)


def _read_residual(reader: ListReader, line: Line, key: Scalar, names: Names) -> bool:
    assert line.main is not None  # read_bodies refuses it
    line.join = "add"
    line.bodies = [reader.read_lines(line.main, names, line.word)]
    shortcut = line.arguments.get("shortcut")
    line.bodies.append(reader.read_lines(shortcut, names, "shortcut") if shortcut else [])
    return True


def _read_parallel(reader: ListReader, line: Line, key: Scalar, names: Names) -> bool:
    if not isinstance(line.main, Items) or len(line.main.items) < 2:
        reader.problems.add(
            key.start, "parallel needs at least two branches, each a list of layers",
            "write parallel: [[conv: 8], []]; [] is the identity",
        )  # fmt: skip
        return False
    line.bodies = [
        reader.read_lines(item, names, "a branch of parallel") for item in line.main.items
    ]
    line.join = "concat"
    join = line.arguments.get("join")
    if join is not None:
        word = join.text if isinstance(join, Scalar) else ""
        if word not in ("concat", "add", "mul"):
            reader.problems.add(join.start, "join must be concat, add or mul")
            return False
        line.join = word
    return True


def _read_densely(reader: ListReader, line: Line, key: Scalar, names: Names) -> bool:
    if isinstance(line.main, Items) and not line.main.items:
        what = "densely has no layers"
        reader.problems.add(key.start, what, "write those that each copy adds: [{conv: 32}]")
        return False
    assert line.main is not None  # read_bodies refuses it
    line.join = "concat"
    line.bodies = [reader.read_lines(line.main, names, line.word)]
    if "times" not in line.arguments:
        hint = "say how many copies of the list there are, as in times: 6"
        reader.problems.add(key.start, "densely needs times", hint)
        return False
    return True


def _read_sequence(reader: ListReader, line: Line, key: Scalar, names: Names) -> bool:
    assert line.main is not None  # read_bodies refuses it
    line.bodies = [reader.read_lines(line.main, names, line.word)]
    return True


READERS = {
    "residual": _read_residual,
    "parallel": _read_parallel,
    "densely": _read_densely,
    "sequence": _read_sequence,
}
"""Each structure's reader."""

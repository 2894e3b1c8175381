"""What a line takes: its keys, and the lists of lines within it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from cnncost.elsewhere import find_meaning
from cnncost.errors import did_you_mean, find_nearest, quote_text
from cnncost.language.carried_values import read_carried
from cnncost.language.names import COMMON, STRUCTURES
from cnncost.language.nodes import Items, Node, Pairs, Scalar, list_entries, write_inline
from cnncost.language.values import NAME
from cnncost.layers import FAMILIES, JOINS, TYPES

if TYPE_CHECKING:
    from cnncost.language.line import Line
    from cnncost.language.names import Names
    from cnncost.language.problems import Problems


def refuse_unknown_keys(
    line: Line, keys: dict[str, tuple[Scalar, Node]], problems: Problems
) -> bool:
    """Refuse keys that the line does not take; return whether there are none."""
    known = _further_keys(line)
    before = problems.found
    for name in list(line.arguments):
        at, value = keys[name]
        if name not in known:
            what = f"unknown key {quote_text(name)} for {line.word}"
            problems.add(at.start, what, partial(_key_hint, at, value, line))
            del line.arguments[name]
        elif isinstance(value, Scalar) and value.is_null:
            problems.add(at.start, f"{name} has no value", "give one or drop it")
            del line.arguments[name]
    return problems.found == before


def complete_line(line: Line, at: Scalar, problems: Problems) -> bool:
    """Move the main argument to the others, and refuse a line that lacks an argument."""
    if line.word in STRUCTURES:
        if not line.bodies:
            problems.add(at.start, f"{line.word} has no layers", "write a list behind it")
        return bool(line.bodies)
    if "values" in line.arguments:  # refuse_unknown_keys leaves it to types that carry them
        line.values = read_carried(line.arguments.pop("values"), problems)
        if line.values is None:
            return False
    main = main_argument(line)
    if line.main is not None and main is None and line.word not in JOINS:
        problems.add(line.main.start, f"{line.word} takes no value", f"write - {line.word}")
        return False
    if isinstance(line.main, Pairs) and main is not None:
        what = f"the arguments of {line.word} stand beside it, not in a mapping behind it"
        problems.add(line.main.start, what, f"write {_write_flat(line, line.main, main)}")
        return False
    if line.main is not None and main is not None:
        line.arguments = {main: line.main, **line.arguments}
    if line.type is not None and "share" in line.common and not line.type.learns:
        problems.add(at.start, f"{line.word} has no parameters to share", "drop share")
    missing = [name for name in _required_arguments(line) if name not in line.arguments]
    if missing:
        example = f"{line.word}: {missing[0].upper()}" if missing[0] == main else ""
        others = ", ".join(f"{name}: ..." for name in missing if name != main)
        problems.add(
            at.start, f"{line.word} needs {' and '.join(missing)}",
            f"write {', '.join(part for part in (example, others) if part)}",
        )  # fmt: skip
    return not missing


def main_argument(line: Line) -> str | None:
    """Return the field that the value behind the line's word belongs to, if it takes a value."""
    if line.type is not None:
        return line.type.main
    if line.block is not None and line.block.parameters:
        return line.block.parameters[0].name
    return None


def _write_flat(line: Line, within: Pairs, main: str) -> str:
    """Write a line with the arguments of a mapping behind its word beside it."""
    written = {line.word: main.upper()}
    for name, text in list_entries(within):
        is_main = name == main or find_meaning(name, [main])
        known = find_meaning(name, _further_keys(line))
        ours = known.ours[0] if known and not known.says else name
        written[line.word if is_main else ours] = text
    return write_inline(written.items())


def _further_keys(line: Line) -> tuple[str, ...]:
    """List the keys that the line takes besides its word."""
    if line.type is not None:
        fields = tuple(name for name in line.type.kinds if name != line.type.main)
        return (*fields, "values") if line.type.carries else fields
    if line.block is not None:
        return tuple(parameter.name for parameter in line.block.parameters[1:])
    return STRUCTURES[line.word]


def _common_keys(line: Line) -> tuple[str, ...]:
    """List the keys that every line takes; a join has no `from`, as its list says what it reads."""
    return tuple(key for key in COMMON if key != "from" or line.word not in JOINS)


def _required_arguments(line: Line) -> list[str]:
    """List the arguments that have no default."""
    if line.type is not None:
        return [name for name, kind in line.type.kinds.items() if kind.is_required]
    if line.block is not None:
        return [p.name for p in line.block.parameters if p.default is None]
    return []


_ACTIVATES = ("activation", "activation_function", "act", "nonlinearity")
"""Keys for an activation in other languages; here it is a line of its own."""


def _activation_hint(value: Node) -> str:
    word = value.text.strip() if isinstance(value, Scalar) else ""
    if word.lower() in ("none", "null", "linear"):
        return "drop it: no line below is no activation"
    if not NAME.fullmatch(word):
        return "an activation is a line of its own, as in - relu"
    ours = word if word in TYPES else find_nearest(word, FAMILIES["activation"]) or word
    return f"write - {ours} on the line below"


def _key_hint(at: Scalar, value: Node, line: Line) -> str:
    main = main_argument(line)
    if main is not None and (at.text == main or find_meaning(at.text, [main])):
        return f"it is the value of {line.word} itself: {line.word}: {main.upper()}"
    if at.text in _ACTIVATES:
        return _activation_hint(value)
    choices = (*_further_keys(line), *_common_keys(line))
    name, _, rest = at.text.partition(":")
    if name in choices:  # the whole key is not, so there is a colon
        return f"a space is missing behind the colon: {name}: {rest}"
    type_meant = find_meaning(at.text, TYPES)
    if type_meant and not find_meaning(at.text, choices):
        return f"one line makes one layer: write - {type_meant.ours[0]} on a line of its own"
    return did_you_mean(at.text, choices, f"{line.word} takes {', '.join(choices[:20])}")


# The lists inside a structure


class ListReader(Protocol):
    """Reads the lists of lines that stand inside a line."""

    problems: Problems

    def read_lines(self, node: Node, names: Names, what: str) -> list[Line]:
        """Read the lines of a list; the message for something else calls it `what`."""
        ...


def read_bodies(reader: ListReader, line: Line, key: Scalar, names: Names) -> bool:
    """Read the lists of a structure's line, whose word stands at `key`; return if they are sound.

    If there are copies of the structure, each copy has a scope of names of its own.
    """
    line.scoped = "repeat" in line.common or line.word == "densely"
    if line.main is None:
        reader.problems.add(key.start, f"{line.word} has no layers", "write a list behind it")
        return False
    inner = line.taken if line.scoped else names
    return READERS[line.word](reader, line, line.main, key, inner)


def _read_residual(reader: ListReader, line: Line, main: Node, key: Scalar, names: Names) -> bool:
    line.join = "add"
    line.bodies = [reader.read_lines(main, names, line.word)]
    shortcut = line.arguments.get("shortcut")
    line.bodies.append(reader.read_lines(shortcut, names, "shortcut") if shortcut else [])
    return True


def _read_parallel(reader: ListReader, line: Line, main: Node, key: Scalar, names: Names) -> bool:
    if not isinstance(main, Items) or len(main.items) < 2:
        reader.problems.add(
            key.start, "parallel needs at least two branches, each a list of layers",
            "write parallel: [[conv: 8], []]; [] is the identity",
        )  # fmt: skip
        return False
    line.bodies = [reader.read_lines(item, names, "a branch of parallel") for item in main.items]
    line.join = "concat"
    join = line.arguments.get("join")
    if join is not None:
        word = join.text if isinstance(join, Scalar) else ""
        if word not in ("concat", "add", "mul"):
            reader.problems.add(join.start, "join must be concat, add or mul")
            return False
        line.join = word
    return True


def _read_densely(reader: ListReader, line: Line, main: Node, key: Scalar, names: Names) -> bool:
    if isinstance(main, Items) and not main.items:
        what = "densely has no layers"
        reader.problems.add(key.start, what, "write those that each copy adds: [{conv: 32}]")
        return False
    line.join = "concat"
    line.bodies = [reader.read_lines(main, names, line.word)]
    if "times" not in line.arguments:
        hint = "say how many copies of the list there are, as in times: 6"
        reader.problems.add(key.start, "densely needs times", hint)
        return False
    return True


def _read_sequence(reader: ListReader, line: Line, main: Node, key: Scalar, names: Names) -> bool:
    line.bodies = [reader.read_lines(main, names, line.word)]
    return True


READERS = {
    "residual": _read_residual,
    "parallel": _read_parallel,
    "densely": _read_densely,
    "sequence": _read_sequence,
}
"""The reader of each structure's lists, by its word."""

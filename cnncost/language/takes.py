"""What a line takes: the keys of its type, block or structure, and those it cannot lack."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnncost.elsewhere import find_meaning
from cnncost.errors import did_you_mean, find_nearest, quote_text
from cnncost.language.carried import read_carried
from cnncost.language.names import COMMON, STRUCTURES
from cnncost.language.nodes import Node, Scalar
from cnncost.language.values import NAME
from cnncost.layers import FAMILIES, JOINS, TYPES

if TYPE_CHECKING:
    from cnncost.language.line import Line
    from cnncost.language.problems import Problems


def refuse_unknown_keys(
    line: Line, keys: dict[str, tuple[Scalar, Node]], problems: Problems
) -> bool:
    """Refuse keys that the line does not take; whether there is none."""
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
    """Move the main argument among the others; refuse a line that lacks one."""
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
    """The field that the value of the line's own key is, if it takes one."""
    if line.type is not None:
        return line.type.main
    if line.block is not None and line.block.parameters:
        return line.block.parameters[0].name
    return None


def _further_keys(line: Line) -> tuple[str, ...]:
    """The keys besides the main argument."""
    if line.type is not None:
        fields = tuple(name for name in line.type.kinds if name != line.type.main)
        return (*fields, "values") if line.type.by_rows else fields
    if line.block is not None:
        return tuple(parameter.name for parameter in line.block.parameters[1:])
    return STRUCTURES[line.word]


def _common_keys(line: Line) -> tuple[str, ...]:
    """The keys of every layer; a join's list says what it reads."""
    return tuple(key for key in COMMON if key != "from" or line.word not in JOINS)


def _required_arguments(line: Line) -> list[str]:
    """The arguments that have no default."""
    if line.type is not None:
        return [name for name, kind in line.type.kinds.items() if kind.is_required]
    if line.block is not None:
        return [p.name for p in line.block.parameters if p.default is None]
    return []


_ACTIVATES = ("activation", "activation_function", "act", "nonlinearity")
"""Other languages' keys for what is a line of its own here."""


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
    return did_you_mean(at.text, choices, f"{line.word} takes {', '.join(choices[:20])}")

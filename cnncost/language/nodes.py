"""Read a YAML text into nodes that know their spans; specs use only a small part of YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.errors import Problem
from cnncost.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Protocol

    from cnncost.language.problems import Problems

    class YamlMark(Protocol):
        """A place in the text; `index` counts characters from 0."""

        index: int
        line: int

    class YamlEvent(Protocol):
        """An event of PyYAML's parser; which of the fields it has depends on its class."""

        start_mark: YamlMark
        end_mark: YamlMark
        anchor: str | None
        tag: str | None
        value: str
        style: str | None


DEEPEST = 100
MOST_NODES = 1_200_000


class Scalar:
    """A scalar: its text and span; `plain` if it stands without quotes."""

    __slots__ = ("end", "parsed", "plain", "start", "text")

    def __init__(self, text: str, start: int, end: int, *, plain: bool) -> None:
        self.text, self.start, self.end, self.plain = text, start, end, plain
        self.parsed: object = None  # what language.values read it as, kept there

    @property
    def place(self) -> Place:
        return Place(self.start, self.end)

    @property
    def is_null(self) -> bool:
        """Whether it is empty, as the values in `conv:` and `{relu, name: x}` are."""
        return self.plain and not self.text


class Items:
    """A list."""

    __slots__ = ("end", "items", "start")

    def __init__(self, start: int) -> None:
        self.items: list[Node] = []
        self.start = self.end = start

    @property
    def place(self) -> Place:
        return Place(self.start, self.end)


class Pairs:
    """A mapping whose keys are scalars, in the order of the file."""

    __slots__ = ("end", "pairs", "start")

    def __init__(self, start: int) -> None:
        self.pairs: list[tuple[Scalar, Node]] = []
        self.start = self.end = start

    @property
    def place(self) -> Place:
        return Place(self.start, self.end)


Node = Scalar | Items | Pairs


MOST_WRITTEN, LONGEST_WRITTEN = 8, 40
"""How many keys of a mapping a message writes, and characters of each."""


def list_entries(node: Pairs) -> list[tuple[str, str]]:
    """List some keys of a mapping with their texts, for a message: `...` is a list's, a mapping's
    and a long one's."""
    return [
        (key.text, _write_short(value))
        for key, value in node.pairs[:MOST_WRITTEN]
        if len(key.text) <= LONGEST_WRITTEN
    ]


def _write_short(node: Node) -> str:
    if isinstance(node, Scalar) and len(node.text) <= LONGEST_WRITTEN:
        return node.text
    return "..."


def write_inline(entries: Iterable[tuple[str, str]]) -> str:
    """Write keys and their texts as a mapping in braces."""
    return f"{{{', '.join([f'{key}: {text}' for key, text in entries])}}}"


_HINTS = (
    (
        "mapping values are not allowed",
        "a second ': ' (quote the value, or put the layer in braces), a line indented too far, or "
        "'- ' or ': ' without its space",
    ),
    ("cannot start any token", "indent with spaces, and quote what starts with @ ` or %"),
    ("',' or '}'", "a brace is not closed, or a comma in it is missing"),
    ("',' or ']'", "a bracket is not closed, or a comma in it is missing"),
    ("expected <block end>", "lines of one list or mapping start in the same column"),
    ("expected '-' indicator", "lines of one list start in the same column, each with '- '"),
    ("expected key", "lines of one list or mapping start in the same column"),
    ("expected ':'", "a key needs ': ' behind it, a layer in a list '- ' before it"),
    ("escape character", "a backslash in double quotes: use single quotes, or none"),
    ("end of stream", "a quote or bracket is not closed"),
    ("control characters", "the file holds characters that are no text"),
)

_SEEN_LATE = ("',' or '}'", "',' or ']'", "expected ':'", "end of stream")
"""Mistakes that the parser finds far behind their cause: the messages name the line in which the
bracket, the key or the quote began."""


def parse_yaml(text: str, problems: Problems) -> Node | None:
    """Parse a YAML text and return its root node; None if it could not be read.

    This reads the C parser's events and never its composer, which crashes on deep nesting.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    before = problems.found
    try:
        events: Iterator[Any] = yaml.parse(text, Loader=loader)  # Any: as YamlEvent has it
        root = _build_nodes(events, problems)
    except yaml.YAMLError as error:
        problems.add(*_syntax_problem(error))
        return None
    except _TooLarge as bound:
        problems.add(*bound.problem)
        return None
    return root if problems.found == before else None


class _TooLarge(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def _syntax_problem(error: Exception) -> Problem:
    """Turn an error of PyYAML into a problem; its two classes give the place in different ways."""
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    mark = getattr(error, "problem_mark", None)
    began = getattr(error, "context_mark", None)
    if mark and began and began.line != mark.line and any(part in what for part in _SEEN_LATE):
        mark = began
    offset = mark.index if mark else getattr(error, "position", 0) or 0
    if "nesting depth" in what:  # libyaml's own bound, from 0.2.6 on; it looks far ahead of ours
        return _too_deep(offset)
    hint = next((hint for part, hint in _HINTS if part in what), "")
    return Problem(offset, f"this is no YAML: {what}", hint)


def _too_deep(offset: int) -> Problem:
    return Problem(offset, f"brackets nested more than {DEEPEST} deep", "a spec needs few levels")


def _build_nodes(events: Iterator[YamlEvent], problems: Problems) -> Node | None:
    import yaml

    root: Node | None = None
    stack: list[Items | Pairs] = []
    keys: list[Scalar | None] = []  # for each open collection, the key that awaits its value
    nodes = documents = 0
    for event in events:
        kind: object = type(event)
        if kind is yaml.ScalarEvent:
            node: Node = Scalar(
                event.value,
                event.start_mark.index,
                event.end_mark.index,
                plain=event.style in ("", None),
            )
            _refuse_marks(event, problems)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            start = event.start_mark.index
            node = Pairs(start) if kind is yaml.MappingStartEvent else Items(start)
            _refuse_marks(event, problems)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            done = stack.pop()
            done.end = _find_end(done, event)
            keys.pop()
            continue
        elif kind is yaml.AliasEvent:
            start, end = event.start_mark.index, event.end_mark.index
            name = event.anchor
            problems.add(
                start, f"an alias, *{name}: specs have none",
                f"to use the parameter write {name} without the star; to repeat layers use blocks",
            )  # fmt: skip
            node = Scalar("", start, end, plain=True)
        else:
            if kind is yaml.DocumentStartEvent:
                documents += 1
                if documents == 2:
                    problems.add(event.start_mark.index, "a second document", "a file is one spec")
                    return root
            continue
        nodes += 1
        if nodes > MOST_NODES:
            raise _TooLarge(
                Problem(node.start, f"more than {MOST_NODES:,} values in one file",
                        "use repeat and blocks for what recurs")
            )  # fmt: skip
        if not stack:
            root = node
        else:
            parent = stack[-1]
            if isinstance(parent, Items):
                parent.items.append(node)
            elif keys[-1] is None:
                keys[-1] = _read_key(node, problems)
            else:
                parent.pairs.append((keys[-1], node))
                keys[-1] = None
        if not isinstance(node, Scalar):
            if len(stack) == DEEPEST:
                raise _TooLarge(_too_deep(node.start))
            stack.append(node)
            keys.append(None)
    return root


def _find_end(done: Items | Pairs, event: YamlEvent) -> int:
    """Find where a collection ends: behind its bracket or, without one, with its last value."""
    start, end = event.start_mark.index, event.end_mark.index
    if start < end:
        return end
    return done.items[-1].end if isinstance(done, Items) else done.pairs[-1][1].end


def _read_key(node: Node, problems: Problems) -> Scalar:
    if isinstance(node, Scalar):
        return node
    problems.add(node.start, "a list or mapping as a key", "keys are words")
    return Scalar("", node.start, node.end, plain=True)


def _refuse_marks(event: YamlEvent, problems: Problems) -> None:
    if event.anchor is not None:
        problems.add(event.start_mark.index, f"an anchor, &{event.anchor}: specs have none",
                     "a parameter or a block names what is used twice")  # fmt: skip
    if event.tag is not None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        problems.add(event.start_mark.index, f"a tag, {tag}: specs have none", "leave it out")

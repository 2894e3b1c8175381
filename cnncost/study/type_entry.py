"""What the reference says of a layer type: its keys, an example, and how its numbers come about."""

from __future__ import annotations

from dataclasses import dataclass

from cnncost.costs import count_network
from cnncost.language import read_spec
from cnncost.layers import FAMILIES, JOINS, layer_type
from cnncost.layers.kinds import FieldKind, spell_value
from cnncost.study.explanation import Working, explain_layers
from cnncost.study.type_examples import find_example


@dataclass(frozen=True)
class TypeKey:
    """One key of a layer type."""

    name: str
    main: bool
    """Whether the type's own key carries it."""
    takes: str
    default: str
    """As a spec would write it; empty where the key is needed."""
    means: str


@dataclass(frozen=True)
class TypeEntry:
    """All that the reference says of one layer type."""

    word: str
    family: str
    about: str
    keys: tuple[TypeKey, ...]
    spec: str
    """A small spec with the type in its last line."""
    before: str
    after: str
    """The shapes around the example."""
    workings: tuple[Working, ...]


def type_entry(word: str) -> TypeEntry:
    """The entry of one of `layers.TYPES`."""
    cls = layer_type(word)
    shape, line = find_example(word)
    first = "  - relu\n" if word in JOINS else ""
    text = f"input: [{shape}]\nlayers:\n{first}  - {line}\n"
    (explained,) = explain_layers(count_network(read_spec(text, word).network), "x")
    return TypeEntry(
        word,
        next(family for family, words in FAMILIES.items() if word in words),
        " ".join((cls.__doc__ or "").split()),
        tuple(_describe_key(name, kind, main=name == cls.main) for name, kind in cls.kinds.items()),
        text,
        str(explained.node.inputs[0]),
        str(explained.node.output),
        explained.workings,
    )


def _describe_key(name: str, kind: FieldKind, *, main: bool) -> TypeKey:
    words = f", or {' or '.join(kind.keywords)}" if kind.keywords and kind.numeric else ""
    default = "" if kind.is_required else spell_value(kind.default).replace("'", "")
    return TypeKey(name, main, f"{kind.takes}{words}", default, kind.text)

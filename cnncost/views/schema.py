"""Make the JSON Schema of the spec language from the layer classes, for editors to check specs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncost.layers import JOINS, TYPES, Layer, kinds, layer_type, list_fields
from cnncost.layers.kinds import FieldKind
from cnncost.views import schema_figures

Schema = dict[str, object]

NAME = "^[A-Za-z_][A-Za-z0-9_]*$"

COMMON: dict[str, Schema] = {
    "name": {"type": "string", "pattern": NAME, "description": "the layer's name"},
    "from": {
        "type": ["string", "array"],
        "items": {"type": "string"},
        "description": "the layer it reads; the line above otherwise",
    },
    "repeat": {
        "type": ["integer", "boolean", "string"],
        "minimum": 0,
        "description": "how many copies in a row; 0 or false leaves the line out",
    },
    "frozen": {"type": ["boolean", "string"], "description": "its parameters are not trained"},
    "share": {"type": "string", "description": "the layer whose parameters it uses"},
}
"""The keys that every layer takes."""

_NUMBERS: Schema = {"type": "array", "items": {"type": ["number", "string", "array"]}}

VALUES: Schema = {
    "type": "object",
    "additionalProperties": _NUMBERS,
    "description": "the layer's own numbers, row by row, for cnncost run: weights, bias, or "
    "PyTorch's name of a tensor",
}
"""The numbers that a spec may give to types that have tensors."""

_LAYERS: Schema = {"$ref": "#/$defs/layers"}

STRUCTURES: dict[str, dict[str, Schema]] = {
    "residual": {
        "residual": {**_LAYERS, "description": "layers whose output is added to their input"},
        "shortcut": {**_LAYERS, "description": "the layers beside them; identity otherwise"},
    },
    "parallel": {
        "parallel": {
            "type": "array",
            "items": _LAYERS,
            "minItems": 2,
            "description": "branches that read the same input; [] is the identity",
        },
        "join": {"enum": ["concat", "add", "mul"], "description": "how the branches are joined"},
    },
    "densely": {
        "densely": {
            **_LAYERS,
            "minItems": 1,
            "description": "copies of a list, each of which reads what enters and the outputs of "
            "all copies before it, concatenated",
        },
        "times": {"type": ["integer", "string"], "minimum": 1, "description": "how many copies"},
    },
    "sequence": {"sequence": {**_LAYERS, "description": "layers one after another"}},
}
"""The keys of each structure."""

_NEEDED = {"densely": ["times"]}
"""The further keys that a structure must have."""


def spec_schema() -> Schema:
    """Make the whole schema (JSON Schema 2020-12)."""
    shape: Schema = {"type": "array", "items": _whole_schema(1), "minItems": 1, "maxItems": 4}
    text: Schema = {"type": ["string", "number", "boolean", "null"]}
    named: Schema = {"type": "object", "propertyNames": {"pattern": NAME}}
    properties: dict[str, Schema] = {
        "name": {**text, "description": "the network's name; the file's otherwise"},
        "source": {**text, "description": "where the architecture was published"},
        "notes": {**text, "description": "printed under the table"},
        "published": schema_figures.published_schema(),
        "types": schema_figures.types_schema(),
        "input": {
            "description": "the input's shape, channels first, without the batch: [3, 224, 224]; "
            "or several by name",
            "if": {"type": "object"},
            "then": {**named, "minProperties": 1, "additionalProperties": shape},
            "else": shape,
        },
        "params": {
            **named,
            "type": ["object", "null"],
            "additionalProperties": {"type": ["number", "string"]},
            "description": "numbers for expressions, set with --set NAME=NUMBER",
        },
        "blocks": {
            "type": ["object", "null"],
            "additionalProperties": _LAYERS,
            "description": "reusable lists of layers, by signature: conv_bn(filters, kernel=3)",
        },
        "layers": {**_LAYERS, "minItems": 1, "description": "the network, one line a layer"},
        "expect": schema_figures.expect_schema(),
        "budget": schema_figures.budget_schema(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cnncost spec, version 1",
        "description": "A convolutional network, one line a layer.",
        "type": "object",
        "required": ["input", "layers"],
        "properties": properties,
        "additionalProperties": False,
        "$defs": {"layers": {"type": "array", "items": {"$ref": "#/$defs/layer"}}}
        | {"layer": _layer_schema()},
    }


def _layer_schema() -> Schema:
    """Make the schema of a line: a word, a mapping of a type or structure, or a block's call."""
    types = {word: _type_keys(layer_type(word)) for word in TYPES} | STRUCTURES
    # Listed once more as plain properties, so that editors offer the words and what they say.
    offered = {word: {"description": _about_word(word, keys)} for word, keys in types.items()}
    chosen = [
        {
            "if": {"type": "object", "required": [word]},
            "then": {"properties": {**keys, **COMMON}, "additionalProperties": False}
            | ({"required": needed} if (needed := _required_keys(word)) else {}),
        }
        for word, keys in types.items()
    ]
    return {
        "type": ["string", "object"],
        "minProperties": 1,
        "properties": {**offered, **COMMON},
        "propertyNames": {"pattern": NAME},
        "not": {
            "enum": [
                word for word in types if word in STRUCTURES or _required_keys(word, all_=True)
            ]
        },
        "allOf": chosen,
    }


def _about_word(word: str, keys: dict[str, Schema]) -> str:
    if word in STRUCTURES:
        return str(keys[word]["description"])
    return _class_text(layer_type(word))


def _class_text(cls: type[Layer]) -> str:
    return " ".join((cls.__doc__ or "").split())


def _required_keys(word: str, *, all_: bool = False) -> list[str]:
    """List the keys that a type needs besides its word; its main argument too if `all_`."""
    if word in STRUCTURES:
        return _NEEDED.get(word, [])
    cls = layer_type(word)
    if cls.main is None and cls.kinds:
        return [] if not all_ else [name for name, kind in cls.kinds.items() if kind.is_required]
    return [
        name for name, kind in cls.kinds.items() if kind.is_required and (all_ or name != cls.main)
    ]


def _type_keys(cls: type[Layer]) -> dict[str, Schema]:
    """Make the schemas of a type's keys: its word with the main argument, and its other fields."""
    fields: dict[str, Schema] = {
        name: {**field_schema(kind), "description": kind.text}
        for name, kind in cls.kinds.items()
        if name != cls.main
    }
    if cls.carries:
        fields["values"] = VALUES
    return {cls.word: {**_main_schema(cls), "description": _class_text(cls)}, **fields}


def _main_schema(cls: type[Layer]) -> Schema:
    if cls.word in JOINS:
        return {"type": "array", "items": {"type": "string"}, "minItems": 2}
    if cls.main is not None:
        kind = cls.kinds[cls.main]
        return (
            field_schema(kind)
            if kind.is_required
            else {"anyOf": [{"type": "null"}, field_schema(kind)]}
        )
    if not cls.kinds:
        return {"type": "null"}
    # Several fields of which none is the main one may stand in a mapping of their own.
    inner = {name: field_schema(kind) for name, kind in cls.kinds.items()}
    return {"type": ["object", "null"], "properties": inner, "additionalProperties": False}


def _whole_schema(minimum: int) -> Schema:
    """Make the schema of a whole number, or of an expression or amount that gives one."""
    return {"type": ["integer", "string"], "minimum": minimum}


def _per_axis(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1, "maxItems": 3}]}


def field_schema(kind: FieldKind) -> Schema:
    """Make the schema of a field of this kind; any string may be an expression or a parameter."""
    for cls in type(kind).__mro__:
        if cls in _FIELDS:
            return _FIELDS[cls](kind)
    raise KeyError(type(kind).__name__)


def _padding_schema(kind: FieldKind) -> Schema:
    whole = _whole_schema(0)
    pair = {"type": "array", "items": whole, "minItems": 2, "maxItems": 2}
    return _per_axis({"anyOf": [whole, pair]})


def _list_schema(item: Schema, least: int = 1, most: int | None = None) -> Schema:
    bound = {} if most is None else {"maxItems": most}
    inner: Schema = {"type": "array", "items": item, "minItems": least, **bound}
    return {"anyOf": [{"type": "string"}, inner]}


_FIELDS: dict[type[FieldKind], Callable[[Any], Schema]] = {  # Any: each knows its own kind
    kinds.Whole: lambda kind: _whole_schema(kind.minimum),
    kinds.PerAxis: lambda kind: _per_axis(_whole_schema(kind.minimum)),
    list_fields.Padding: _padding_schema,
    kinds.Flag: lambda kind: {"type": ["boolean", "string"]},
    kinds.Rate: lambda kind: {"type": ["number", "string"], "minimum": 0, "exclusiveMaximum": 1},
    # A block's parameter may stand for the word, so the words are offered, not demanded.
    kinds.ChoiceKind: lambda kind: (
        {"anyOf": [{"enum": list(kind.keywords)}, {"pattern": NAME}]} | {"type": "string"}
    ),
    kinds.Named: lambda kind: {"type": "string"},
    list_fields.Dims: lambda kind: _list_schema(_whole_schema(-1 if kind.free else 1), 1, 4),
    list_fields.AxisOrder: lambda kind: _list_schema(_whole_schema(1), 1, 4),
    list_fields.Span: lambda kind: _list_schema(_whole_schema(0), 2, 2),
    list_fields.Connects: lambda kind: _list_schema(
        {"type": "array", "items": _whole_schema(0), "minItems": 1}
    ),
}
"""The schema of each kind of field."""


def schema_text() -> str:
    """Write the schema as the text of a file."""
    import json

    return json.dumps(spec_schema(), indent=1, ensure_ascii=False) + "\n"

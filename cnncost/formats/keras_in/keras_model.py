"""Reads a model's layers and what each call of one reads, whichever Keras wrote them down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

from cnncost.errors import CnncostError

MODELS = ("Functional", "KerasModel", "Sequential")
"""The classes of models, which may stand among the layers of another one."""


class Ref(NamedTuple):
    """A tensor: which output of which call of a layer."""

    layer: str
    call: int = 0
    output: int = 0


class KerasCall(NamedTuple):
    """One call of a layer: the tensors that it reads, in order, and its other arguments."""

    reads: tuple[Ref, ...] = ()
    numbers: tuple[object, ...] = ()
    """What stands among the arguments and is no tensor (operations take numbers)."""


@dataclass(frozen=True)
class KerasLayer:
    """One layer as it is written down; its configuration holds whatever the file holds."""

    name: str
    kind: str
    """Its class, as `Conv2D`."""
    module: str
    config: Mapping[str, Any]  # Any: what JSON holds
    calls: tuple[KerasCall, ...]
    built: tuple[object, ...] | None = None
    """The shape that it was built for, where the file says."""
    foreign: bool = False
    """Whether its class is not Keras' own, whatever it is called."""
    registered: str = ""
    """What its class is registered as, `package>Class`, where it is."""


@dataclass(frozen=True)
class KerasModel:
    """Layers, and the tensors that enter and leave."""

    name: str
    layers: tuple[KerasLayer, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    recorded: Mapping[Ref, tuple[object, ...]]
    """The shapes that the file has for tensors, batch included, None where open."""


def read_model(node: Mapping[str, Any], file: str) -> KerasModel:  # Any: what JSON holds
    """Read the model that a configuration writes down.

    Raises:
        CnncostError: its parts are not those of a model.
    """
    kind, config = node.get("class_name"), node["config"]
    if isinstance(config, list):  # Keras before 2.2.3: a Sequential is its list of layers
        config = {"layers": config}
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise CnncostError(
            f"{file}: the model's class {kind!r} does not write down its layers",
            "only Sequential and functional models do: the network of a subclass is its code",
        )
    name = config.get("name")
    name = name if isinstance(name, str) else "model"
    parts = [part for part in config["layers"] if isinstance(part, dict)]
    if len(parts) < len(config["layers"]) or not parts:
        raise CnncostError(f"{file}: {name} has no layers, or some that are no mappings")
    recorded: dict[Ref, tuple[object, ...]] = {}
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    if kind == "Sequential" or "input_layers" not in config:
        layers = tuple(_chain_layers(parts, config, file))
        recorded = _built_shapes(layers)
        inputs, outputs = (Ref(layers[0].name),), (Ref(layers[-1].name),)
    else:
        layers = tuple(_read_layer(part, _read_calls(part, recorded, file), file) for part in parts)
        inputs = tuple(_walk_refs(config["input_layers"], file))
        outputs = tuple(_walk_refs(config.get("output_layers"), file))
    _check_unique_names(layers, file)
    model = KerasModel(name, layers, inputs, outputs, recorded)
    return _number_calls_from_zero(model, parts)


def _built_shapes(layers: tuple[KerasLayer, ...]) -> dict[Ref, tuple[object, ...]]:
    """Return the shapes of a Sequential's tensors: what the layer behind each was built for."""
    pairs = pairwise(layers)
    return {Ref(above.name): layer.built for above, layer in pairs if layer.built is not None}


def _check_unique_names(layers: tuple[KerasLayer, ...], file: str) -> None:
    names = set()
    for layer in layers:
        if layer.name in names:
            raise CnncostError(f"{file}: two layers are called {layer.name!r}")
        names.add(layer.name)


def _read_layer(part: Mapping[str, Any], calls: tuple[KerasCall, ...], file: str) -> KerasLayer:
    config = part.get("config")
    if not isinstance(config, dict) and part.get("class_name") != "Sequential":
        raise CnncostError(f"{file}: the layer {part.get('name')!r} has no config")
    given = config if isinstance(config, dict) else {"layers": config}
    name = part.get("name") or given.get("name")
    kind = part.get("class_name")
    if not isinstance(name, str) or not isinstance(kind, str):
        raise CnncostError(f"{file}: a layer without name or class_name")
    build = part.get("build_config")
    built = build.get("input_shape") if isinstance(build, dict) else None
    return KerasLayer(
        name, kind, str(part.get("module") or ""), given, calls,
        tuple(built) if isinstance(built, list) else None, is_foreign(part),
        next((str(text) for text in (part.get("registered_name"), kind) if ">" in str(text)), ""),
    )  # fmt: skip


_KERAS = re.compile(r"(tensorflow\..*)?(tf_|)keras(_core)?(\.|$)")
"""The packages that Keras' own classes are in."""


def is_foreign(part: Mapping[str, Any]) -> bool:  # Any: what JSON holds
    """Tell whether a layer's class is a user's or another package's, by what the file says of it.

    A registered class is called `package>Class`; Keras 3 writes the module of its own classes,
    and none for others, which older files do not tell apart from Keras' of the same name.
    """
    if ">" in f"{part.get('class_name')}{part.get('registered_name')}":
        return True
    return "module" in part and not _KERAS.match(str(part["module"]))


def _chain_layers(
    parts: list[dict[str, Any]], config: Mapping[str, Any], file: str
) -> Iterator[KerasLayer]:
    """Read the layers of a Sequential, each of which reads the one before."""
    first = _read_layer(parts[0], (), file)
    above = first.name
    if first.kind == "InputLayer":
        yield _read_layer(parts[0], (KerasCall(),), file)
        parts = parts[1:]
    else:
        above = f"{first.name}_input"
        shape = first.config.get("batch_input_shape") or config.get("build_input_shape")
        if shape is None and first.built is not None:
            shape = list(first.built)
        yield KerasLayer(above, "InputLayer", "", {"batch_shape": shape}, (KerasCall(),))
    for part in parts:
        layer = _read_layer(part, (KerasCall((Ref(above),)),), file)
        yield layer
        above = layer.name


def _read_calls(
    part: Mapping[str, Any], recorded: dict[Ref, tuple[object, ...]], file: str
) -> tuple[KerasCall, ...]:
    nodes = part.get("inbound_nodes")
    if not isinstance(nodes, list):
        raise CnncostError(f"{file}: the layer {part.get('name')!r} has no list inbound_nodes")
    return tuple(_read_call(node, recorded, file) for node in nodes) or (KerasCall(),)


def _read_call(node: object, recorded: dict[Ref, tuple[object, ...]], file: str) -> KerasCall:
    """Read a call: Keras 3 writes arguments in which tensors stand, Keras 2 lists of [layer, call,
    output]."""
    if isinstance(node, list):
        refs = list(_walk_refs(node, file))
        return KerasCall(tuple(refs))
    if not isinstance(node, dict):
        raise CnncostError(f"{file}: an inbound node that is neither a list nor a mapping")
    reads: list[Ref] = []
    numbers: list[object] = []
    named = node.get("kwargs")
    named = list(named.values()) if isinstance(named, dict) else None
    for value in _walk_leaves([node.get("args"), named]):
        if not isinstance(value, dict):
            numbers.append(value)
            continue
        config = value.get("config")
        if value.get("class_name") in ("__slice__", "__ellipsis__"):
            numbers.append(
                _read_index(config if isinstance(config, dict) else {}, value["class_name"])
            )
            continue
        if value.get("class_name") != "__keras_tensor__" or not isinstance(config, dict):
            continue
        refs = list(_walk_refs(config.get("keras_history"), file))
        reads += refs
        if isinstance(config.get("shape"), list) and len(refs) == 1:
            recorded[refs[0]] = tuple(config["shape"])
    return KerasCall(tuple(reads), tuple(numbers))


def _read_index(config: Mapping[str, Any], kind: str) -> object:  # Any: what JSON holds
    """Return an index as Python has it; None if it is of another kind."""
    if kind == "__ellipsis__":
        return Ellipsis
    ends = [config.get(key) for key in ("start", "stop", "step")]
    return slice(*ends) if all(n is None or type(n) is int for n in ends) else None


def _walk_leaves(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for part in value:
            yield from _walk_leaves(part)
    elif value is not None:
        yield value


def _walk_refs(value: object, file: str) -> Iterator[Ref]:
    """Yield the references in lists of lists, or a mapping of them: [layer, call, output, ...]."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        raise CnncostError(f"{file}: a reference to a layer is due, not {value!r:.40}")
    if len(value) >= 3 and isinstance(value[0], str):
        name, call, output = value[:3]
        if not (_is_count(call) and _is_count(output)):
            raise CnncostError(f"{file}: no call of {name!r} is numbered {call!r}, {output!r}")
        yield Ref(name, call, output)
        if len(value) > 3 and isinstance(value[3], dict):  # Keras 2: arguments by name
            for given in value[3].values():
                if isinstance(given, list) and len(given) == 3 and isinstance(given[0], str):
                    yield from _walk_refs(given, file)
        return
    for part in value:
        yield from _walk_refs(part, file)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number_calls_from_zero(
    model: KerasModel,
    parts: Iterable[Mapping[str, Any]],  # Any: what JSON holds
) -> KerasModel:
    """Renumber the model's references so that they count only the calls that the file holds.

    A functional model is called once when it is made. Keras 2 counts that call in all references
    to it, Keras 3 only in a model's list of outputs; the calls that a file holds are those behind
    it.
    """
    inner = {layer.name for layer in model.layers if layer.kind in MODELS or layer.foreign}
    read = [ref for layer in model.layers for call in layer.calls for ref in call.reads]
    outputs = _models_from_one(inner, model.outputs)
    if _is_keras_3(parts):
        return replace(model, outputs=tuple(_shift_call(ref, outputs) for ref in model.outputs))
    both = _models_from_one(inner, [*read, *model.outputs])
    layers = tuple(
        replace(
            layer,
            calls=tuple(
                call._replace(reads=tuple(_shift_call(ref, both) for ref in call.reads))
                for call in layer.calls
            ),
        )
        for layer in model.layers
    )
    return replace(
        model,
        layers=layers,
        outputs=tuple(_shift_call(ref, both) for ref in model.outputs),
        recorded={_shift_call(ref, both): shape for ref, shape in model.recorded.items()},
    )


def _is_keras_3(parts: Iterable[Mapping[str, Any]]) -> bool:  # Any: what JSON holds
    """Tell whether a call is written as a mapping of arguments, not as a list."""
    return any(isinstance(node, dict) for part in parts for node in part.get("inbound_nodes") or ())


def _models_from_one(inner: set[str], refs: Iterable[Ref]) -> set[str]:
    """Return the models within to whose calls references count from 1."""
    seen: dict[str, int] = {}
    for ref in refs:
        if ref.layer in inner:
            seen[ref.layer] = min(ref.call, seen.get(ref.layer, ref.call))
    return {name for name, least in seen.items() if least > 0}


def _shift_call(ref: Ref, layers: set[str]) -> Ref:
    return ref._replace(call=ref.call - 1) if ref.layer in layers else ref

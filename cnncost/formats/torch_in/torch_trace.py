"""A module's forward pass, traced by torch.export and read as layers one after another."""

from __future__ import annotations

import operator
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph
from cnncost.formats.tensor_value import Constant, Value
from cnncost.formats.torch_in.constant_values import fold_call
from cnncost.formats.torch_in.export import export_module, make_functional
from cnncost.formats.torch_in.operation_readers import COSTLESS, HANDLERS, SHAPE_ONLY, SILENT
from cnncost.formats.torch_in.parameter_owners import Owners
from cnncost.formats.torch_in.program_nodes import (
    SHAPE_TAKERS,
    changes_input,
    describe_arguments,
    describe_call,
    is_unsized,
    is_view,
    module_path,
    operation_name,
)
from cnncost.formats.torch_in.torch_graph import make_graph, note_stop
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter, UnknownForm
from cnncost.formats.torch_in.torch_whole_modules import module_call_key, read_whole_module

if TYPE_CHECKING:
    from torch import fx, nn


FAULT = "whose reading failed"
"""What is said of an operation that a handler should have read, or refused."""


class Unsized(NamedTuple):
    """What a size that depends on data leads to: an opaque operation in the place of all that."""

    value: Value


def trace_module(module: nn.Module, name: str, shapes: dict[str, tuple[int, ...]]) -> Graph:
    """Return the module's graph for one example of each input's shape.

    Raises:
        CnncostError: torch.export cannot trace it.
    """
    owners = _collect_owners(module)
    plain, stop = export_module(module, shapes)
    program = make_functional(plain)
    builder = TorchImporter()
    known: dict[fx.Node, Any] = {}  # Any: values, constants, numbers
    learned = {**program.graph_signature.inputs_to_parameters}
    names = iter(shapes.items())
    outputs: list[Value] = []
    wholes: dict[str, Value | None] = {}
    for node in program.graph.nodes:
        if node.op == "placeholder":
            known[node] = _read_placeholder(node, learned, names, builder)
        elif node.op == "call_function":
            if module_call_key(node) not in wholes:
                wholes[module_call_key(node)] = read_whole_module(
                    builder, node, known, module, module_path(node)
                )
            found = wholes[module_call_key(node)]
            known[node] = _read_call(builder, node, known) if found is None else found
        elif node.op == "output":
            outputs = _output_values(node, known)
    needed = {owners.same[source] for source in _needed_parameters(program.graph, learned)}
    lost = "" if program is plain else "writes_into_parts"
    if stop is None:
        return make_graph(builder, name, shapes, outputs, owners, needed, lost)
    made = [value for value in outputs if value.base not in shapes]
    if not made:
        raise CnncostError(f"{name}: {stop.describe()}", "no layer stands before that line")
    return note_stop(make_graph(builder, name, shapes, made, owners, needed, lost), stop.describe())


def _collect_owners(module: nn.Module) -> Owners:
    """Return the parameters of a module, each once, by the first of its names."""
    first: dict[int, str] = {}
    same: dict[str, str] = {}
    sizes, frozen = {}, set()
    for name, parameter in module.named_parameters(remove_duplicate=False):
        same[name] = first.setdefault(id(parameter), name)
        sizes[same[name]] = parameter.numel()
        if not parameter.requires_grad:
            frozen.add(same[name])
    return Owners(sizes, frozenset(frozen), same)


def _needed_parameters(graph: fx.Graph, learned: dict[str, str]) -> set[str]:
    """Return the names of the parameters that some output depends on."""
    needed = set()
    for node in reversed(graph.nodes):
        if node.op == "output" or node in needed or changes_input(node):
            takes_shape = node.op == "call_function" and operation_name(node) in SHAPE_TAKERS
            needed.update(node.all_input_nodes[: 1 if takes_shape else None])
    return {learned[node.name] for node in needed if node.name in learned}


def _read_placeholder(
    node: fx.Node, learned: dict[str, str], names: Any, builder: TorchImporter
) -> Any:
    """Return an input's value, or the constant of a parameter or buffer. `names` (Any) iterates
    over the inputs."""
    made = node.meta.get("val")
    if not hasattr(made, "shape"):
        return made
    shape = tuple(made.shape)
    if node.name in learned:
        return Constant.from_parameter(shape, learned[node.name])
    if node.name.startswith(("b_", "c_")):
        return Constant(shape)
    name, given = next(names)
    return builder.start_input(name, given).reshape_to(shape)


def _read_call(builder: TorchImporter, node: fx.Node, known: dict[fx.Node, Any]) -> Any:
    """Return what a call makes (Any: a value, a constant, a number, or a list of them)."""
    if node.target is operator.getitem:
        made, index = node.args
        whole = known[made]
        return whole if isinstance(whole, Unsized) else whole[index]
    if getattr(node.target, "_schema", None) is None:
        return node.meta.get("val")  # a number computed from shapes
    before = next((known[n] for n in node.all_input_nodes if isinstance(known[n], Unsized)), None)
    if before is not None:
        return before
    if is_unsized(node):
        return _emit_cut_off(builder, node, known)
    call = describe_call(node, known)
    if call.target in SILENT:
        return None
    if not call.shapes:
        return node.meta.get("val")
    is_empty = not any(map(prod, call.shapes))  # an empty part depends on nothing
    if is_empty or not call.read_values():
        builder.computes |= bool(call.read_constants()) and not is_view(node) and not is_empty
        return fold_call(call, node)
    made = _emit_handled(builder, call)
    _remember_change(node, made, known)
    return made


def _emit_cut_off(builder: TorchImporter, node: fx.Node, known: dict[fx.Node, Any]) -> Any:
    """Emit the opaque operation at which what depends on data begins, and return what stands for
    all of it (Any: None where no activation is read)."""
    call = replace(describe_arguments(node, known), shapes=((1,),))
    if not call.read_values():
        return None
    what = f"{call.target}_of_data"
    return Unsized(builder.emit_opaque(call, what, list(dict.fromkeys(call.read_values())), (1,)))


def _remember_change(node: fx.Node, made: Any, known: dict[fx.Node, Any]) -> None:  # Any: as above
    """Note that whatever reads a changed tensor later reads what a call made, by whatever name."""
    at: Any = node
    while changes_input(at) and at.args and hasattr(at.args[0], "op"):
        at = at.args[0]
        known[at] = made


def _emit_handled(builder: TorchImporter, call: TorchCall) -> Any:
    """Return what a handler makes of a call (Any: one value or several). A call is opaque if its
    handler knows no such arguments, makes another shape than the program has, or loses a parameter
    or an activation."""
    start, fault = builder.save_state(), ""
    for handler in filter(None, (HANDLERS.get(call.target), COSTLESS.get(call.target))):
        try:
            made = handler(builder, call)
            if _agrees_with_program(builder, call, made, start):
                return made
        except UnknownForm:
            pass
        except Exception as error:  # a fault of ours, which the rest of the network outlives
            fault = f", {FAULT}: {type(error).__name__}: {error}"
        builder.restore_state(start)
    reads = list(dict.fromkeys(call.read_values()))
    first, *others = call.shapes
    found = [builder.emit_opaque(call, call.target, reads, first, call.read_constants())]
    builder.unknown[found[0].base] += fault
    found += [builder.emit_opaque(call, call.target, reads, shape) for shape in others]
    return found if len(found) > 1 else found[0]


def _agrees_with_program(
    builder: TorchImporter, call: TorchCall, made: Any, start: Any
) -> bool:  # Any: as above
    """Whether a handler lost nothing and made the shapes that torch.export records."""
    several = made if isinstance(made, list) else [made]
    seen = [getattr(value, "spread", ()) or getattr(value, "shape", None) for value in several]
    if seen[: len(call.shapes)] != list(call.shapes):
        return False
    if set(call.read_sources()) - builder.sources_since(start) - _carried_sources(several):
        return False
    if call.target in SHAPE_ONLY or _writes_over_all(call):
        return True
    read = builder.read_since(start) | {v.base for v in several if isinstance(v, Value)}
    return all(read & builder.seen_as(value) for value in call.read_values())


def _writes_over_all(call: TorchCall) -> bool:
    """Whether a part written into a tensor is as large as the tensor, which is lost then."""
    source = call.arguments.get("src")
    if call.target not in ("slice_scatter", "select_scatter") or not isinstance(source, Value):
        return False
    return prod(source.spread or source.shape) == prod(call.shape)


def _carried_sources(made: list[Any]) -> set[str]:  # Any: as above
    return {source for c in made if isinstance(c, Constant) for source in c.sources}


def _output_values(node: fx.Node, known: dict[fx.Node, Any]) -> list[Value]:
    """Return the activations among the outputs, which may be numbers, words or nothing too."""
    given: Any = node.args[0]
    found = [known.get(argument) for argument in given if hasattr(argument, "op")]
    found = [one.value if isinstance(one, Unsized) else one for one in found]
    return [value for value in found if isinstance(value, Value)]

"""A whole spec: its top-level keys read, its network built, and what it says beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError, Problem, did_you_mean, quoted
from cnncost.network import LARGEST, Builder, Network
from cnncost.place import Place, Source
from cnncost.quantity import BYTES, TOTALS, budget_metric, parse_bytes
from cnncost.shape import Shape
from cnncost.spec.blocks import read_blocks
from cnncost.spec.expand import Expansion, Frame, TooMany, Written
from cnncost.spec.lines import LineReader, Names, check_name
from cnncost.spec.nodes import Items, Node, Pairs, Scalar, parse
from cnncost.spec.problems import Problems
from cnncost.spec.scope import Scope
from cnncost.spec.values import Bound, Misread, Origin, Reading, Unknown

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost.layers.kinds import Raw

KEYS = ("name", "source", "notes", "input", "params", "blocks", "layers", "expect", "budget")

MAX_LAYERS = 100_000


@dataclass(frozen=True)
class Settings:
    """What is set from outside the file: values of params, inputs' shapes, the layer bound."""

    params: Mapping[str, int | Fraction] = field(default_factory=dict)
    inputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """New shapes by the input's name; the name is empty where the network has one input."""
    max_layers: int = MAX_LAYERS


@dataclass(frozen=True)
class Expectation:
    """The published figures that a spec gives, and the convention they are counted in."""

    totals: Mapping[str, int]
    biases: bool = False
    exclude_padding: bool = False


@dataclass(frozen=True)
class Spec:
    """A spec, read: the network, where its parts stand in the file, what it expects."""

    network: Network
    text: Source
    written: Mapping[int, Written]
    """For each layer, by index: its line, its numbers' scalars, the calls around it."""
    expect: Expectation | None
    budget: Mapping[str, int]
    params: Mapping[str, int | Fraction]
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.network.name


def read_spec(text: str, filename: str, settings: Settings | None = None) -> Spec:
    """Read a spec's text; `filename` is what its messages carry.

    Raises:
        SpecError: all that this reading found wrong.
    """
    return _Reader(Source(filename, text), settings or Settings()).read()


class _Reader:
    """One reading of one file."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source = source
        self.settings = settings
        self.problems = Problems(source)

    def read(self) -> Spec:
        root = parse(self.source.text, self.problems)
        self.problems.stop_if_any()
        keys = self._keys(root)
        params = self._params(keys.get("params"))
        values = {name: bound.value for name, bound in params.items()}
        blocks = read_blocks(keys["blocks"], values, self.problems) if "blocks" in keys else {}
        taken: Names = {}
        builder = Builder()
        env: dict[str, Bound | None] = dict(params)
        scope = Scope("", taken)
        entering = self._input(keys.get("input"), builder, scope, env)
        lines = LineReader(blocks, values, self.problems).lines(keys["layers"], taken, "layers")
        if isinstance(keys["layers"], Items) and not keys["layers"].items:
            self.problems.add(keys["layers"].start, "layers is empty", "a network has a layer")
        for block in blocks.values():
            if not block.used:
                self.problems.warn(block.start, f"block {block.name!r} is never used")
        expect = self._expect(keys.get("expect"))
        budget = self._budget(keys.get("budget"))
        expansion = Expansion(builder, self.problems, params, self.settings.max_layers)
        try:
            last = expansion.lines(lines, entering, Frame(scope, env, entering))
        except TooMany as bound:
            self.problems.add(bound.start, bound.what, "raise it with --max-layers")
            self.problems.stop()
        outputs = self._outputs(expansion, last)
        self.problems.stop_if_any()
        network = Network(
            name=self._text(keys.get("name")) or _stem(self.source.name),
            nodes=tuple(builder.nodes),
            outputs=outputs,
            source=self._text(keys.get("source")),
            notes=self._text(keys.get("notes")),
        )
        warnings = tuple(self._warning(problem) for problem in self.problems.warnings)
        numbers = {
            name: value for name, value in values.items() if not isinstance(value, (str, tuple))
        }
        return Spec(network, self.source, expansion.written, expect, budget, numbers, warnings)

    def _warning(self, problem: Problem) -> str:
        return f"{self.source.locate(problem.offset)}: {problem.what}"

    def _keys(self, root: Node | None) -> dict[str, Node]:
        """The top-level entries; stops where there are none to go on with."""
        if root is None or (isinstance(root, Scalar) and root.is_null):
            self.problems.add(0, "the spec is empty", "it needs input: and layers:")
            self.problems.stop()
        if not isinstance(root, Pairs):
            what = "a list" if isinstance(root, Items) else "no mapping"
            self.problems.add(root.start, f"the spec is {what}", "it needs input: and layers:")
            self.problems.stop()
        keys: dict[str, Node] = {}
        for key, value in root.pairs:
            if key.text in keys:
                self.problems.add(key.start, f"key {quoted(key.text)} is given twice", "keep one")
            elif key.text not in KEYS:
                hint = did_you_mean(key.text, KEYS, f"a spec has the keys {', '.join(KEYS)}")
                self.problems.add(key.start, f"unknown key {quoted(key.text)}", hint)
            keys[key.text] = value
        for needed, example in (("input", "input: [3, 224, 224]"), ("layers", "layers: [...]")):
            if needed not in keys:
                self.problems.add(root.start, f"the spec has no {needed}", f"add {example}")
        if "layers" not in keys:
            self.problems.stop()
        return keys

    def _text(self, node: Node | None) -> str:
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self.problems.add(node.start, "a text is due, not a list or mapping", "quote it")
            return ""
        return " ".join(node.text.split())

    def _params(self, node: Node | None) -> dict[str, Bound]:
        params: dict[str, Bound] = {}
        for key, value in self._pairs(node, "params"):
            if not check_name(self.problems, key, "parameter"):
                continue
            if key.text in params:
                self.problems.add(key.start, f"key {quoted(key.text)} is given twice", "keep one")
            number = self._value(value, {})
            if number is None or isinstance(number, (bool, str, tuple)):
                self.problems.add(value.start, f"params: {key.text} is no plain number")
                number = 1
            params[key.text] = Bound(number, (Origin(value.place, "param"),))
        for name, number in self.settings.params.items():
            if name not in params:
                known = f"params has {', '.join(params)}" if params else "the spec has no params"
                raise CnncostError(
                    f"--set {name}: {self.source.name} has no such parameter",
                    did_you_mean(name, list(params), known),
                )
            params[name] = params[name]._replace(value=number)
        return params

    def _pairs(self, node: Node | None, what: str) -> list[tuple[Scalar, Node]]:
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return []
        if not isinstance(node, Pairs):
            self.problems.add(node.start, f"{what} is no mapping", "write name: value")
            return []
        return node.pairs

    def _value(self, node: Node, env: Mapping[str, Bound | None]) -> Raw | None:
        try:
            return Reading(env).value(node)
        except Misread as trouble:
            self.problems.add(trouble.offset, trouble.what, trouble.hint)
        except Unknown:
            pass  # said where it was refused
        return None

    def _input(
        self, node: Node | None, builder: Builder, scope: Scope, env: dict[str, Bound | None]
    ) -> int | None:
        """Add the inputs; the index of the only one, None for several."""
        given = dict(self.settings.inputs)
        if node is None:
            return None
        if not isinstance(node, Pairs):
            shape = self._shape(node, env, given.pop("", None))
            self._unused_inputs(given, [""])
            env["channels"] = Bound(shape.channels) if shape else None
            return builder.add_input("input", shape, _span(node)) if shape else None
        names: Names = {}
        for key, value in node.pairs:
            if key.text in names:
                self.problems.add(key.start, f"key {quoted(key.text)} is given twice", "keep one")
            elif check_name(self.problems, key, "input"):
                names[key.text] = key.start
                shape = self._shape(value, env, given.pop(key.text, None))
                index = builder.add_input(key.text, shape, _span(value)) if shape else None
                scope.names[key.text] = index
        scope.taken.update(names)
        self._unused_inputs(given, list(names))
        if not names:
            self.problems.add(node.start, "input is empty", "name an input: {left: [1, 28, 28]}")
        return None

    def _unused_inputs(self, given: Mapping[str, object], names: list[str]) -> None:
        for name in given:
            if names == [""]:
                hint = "it has one input: --input 3x224x224"
            else:
                hint = f"its inputs are {', '.join(names)}: --input {names[0]}=3x224x224"
            what = f"has no input called {name!r}" if name else "has several inputs"
            raise CnncostError(f"--input: {self.source.name} {what}", hint)

    def _shape(
        self, node: Node, env: Mapping[str, Bound | None], given: tuple[int, ...] | None
    ) -> Shape | None:
        dims = given or self._value(node, env)
        if isinstance(dims, tuple):
            sizes = [n for n in dims if type(n) is int and 1 <= n <= LARGEST]
            if len(sizes) == len(dims) and 1 <= len(dims) <= 4:
                return Shape(sizes[0], tuple(sizes[1:]))
        if dims is not None:
            self.problems.add(
                node.start, "input must be a list of one to four whole numbers, at least 1 each",
                "channels first, without the batch: [3, 224, 224]",
            )  # fmt: skip
        return None

    def _outputs(self, expansion: Expansion, last: int | None) -> tuple[int, ...]:
        """The nodes that nothing reads; refuses those that seem forgotten."""
        outputs = []
        builder = expansion.builder
        for node in builder.nodes:
            if node.index in builder.read:
                continue
            if node.layer is None or not (node.index == last or node.index in expansion.named):
                if self.problems.found:
                    continue  # its reader may be what was refused
                what = f"nothing reads {'the input ' * (node.layer is None)}{node.name}"
                self.problems.add(
                    node.place.start, what,
                    "read it with from or a join, delete it, or name it to make it an output",
                )  # fmt: skip
            outputs.append(node.index)
        return tuple(outputs)

    def _expect(self, node: Node | None) -> Expectation | None:
        if node is None:
            return None
        flags = {"biases": False, "exclude_padding": False}
        totals: dict[str, int] = {}
        expected = [name for name in TOTALS if name != "biases"]
        for key, value in self._pairs(node, "expect"):
            if key.text in flags:
                flag = self._value(value, {})
                if not isinstance(flag, bool):
                    self.problems.add(value.start, f"expect: {key.text} is true or false")
                flags[key.text] = flag is True
            elif key.text in expected:
                totals[key.text] = self._count(value, f"expect: {key.text}")
            else:
                known = f"expect takes {', '.join([*expected, *flags])}"
                hint = did_you_mean(key.text, [*expected, *flags], known)
                self.problems.add(key.start, f"unknown key {quoted(key.text)} in expect", hint)
        return Expectation(totals, **flags)

    def _budget(self, node: Node | None) -> dict[str, int]:
        budget: dict[str, int] = {}
        for key, value in self._pairs(node, "budget"):
            try:
                metric = budget_metric(key.text)
            except CnncostError as error:
                self.problems.add(key.start, f"budget: {error.what}", error.hint)
                continue
            if metric in budget:
                self.problems.add(key.start, f"key {quoted(key.text)} is given twice", "keep one")
            read = self._bytes if metric in BYTES else self._count
            budget[metric] = read(value, f"budget: {metric}")
        return budget

    def _bytes(self, node: Node, what: str) -> int:
        try:
            return parse_bytes(node.text if isinstance(node, Scalar) else "")
        except CnncostError as error:
            self.problems.add(node.start, f"{what}: {error.what}", error.hint)
        return 0

    def _count(self, node: Node, what: str) -> int:
        value = self._value(node, {})
        if type(value) is int and value >= 0:
            return value
        if value is not None:
            self.problems.add(node.start, f"{what} is no whole number of at least 0", "as in 20M")
        return 0


def _span(node: Node) -> Place:
    return Place(node.start, node.end)


def _stem(filename: str) -> str:
    """`nets/alexnet.yaml` is called alexnet."""
    base = filename.replace("\\", "/").rpartition("/")[2]
    return base.rpartition(".")[0] or base

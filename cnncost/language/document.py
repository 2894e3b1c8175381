"""A whole spec: read its top-level keys, build its network, and keep all else that it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from cnncost.errors import did_you_mean, find_nearest, quote_text
from cnncost.language.blocks import read_blocks
from cnncost.language.entries import plain_text, read_params, set_params
from cnncost.language.expand import Expansion, Frame, TooMany, Written
from cnncost.language.figures import (
    Expectation,
    find_figure_places,
    read_budget,
    read_expect,
    read_published,
    read_types,
)
from cnncost.language.inputs import InputReader, input_notes
from cnncost.language.line import Block
from cnncost.language.lines import LineReader
from cnncost.language.nodes import Items, Node, Pairs, Scalar, parse_yaml
from cnncost.language.problems import Problems
from cnncost.language.scope import Scope
from cnncost.network import Network, NetworkBuilder
from cnncost.place import Place, Source

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost import network

__all__ = ["KEYS", "MAX_LAYERS", "Expectation", "Settings", "Spec", "read_spec"]

KEYS = (
    *("name", "source", "notes", "published", "types", "input", "params", "blocks", "layers"),
    *("expect", "budget"),
)
_TEXTS = ("name", "source", "notes")

MAX_LAYERS = 100_000


@dataclass(frozen=True)
class Settings:
    """What options set from outside: values of params, shapes of inputs, the bound of layers."""

    params: Mapping[str, int | Fraction] = field(default_factory=dict)
    inputs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """New shapes by the input's name; if the network has one input, its name is empty here."""
    max_layers: int = MAX_LAYERS


@dataclass(frozen=True)
class Spec:
    """A spec that was read: its network, where the layers stand in the text, what it expects."""

    network: Network
    text: Source
    written: Mapping[int, Written]
    """For each layer, by index: its line, the scalars of its numbers, the calls around it."""
    expect: Expectation | None
    budget: Mapping[str, int]
    params: Mapping[str, int | Fraction]
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """One line for each input whose axes were likely meant in another order: how it was read."""
    unknown: tuple[str, ...] = ()
    """For an import: one line for each operation that has no words and became opaque."""
    paths: tuple[str, ...] = ()
    """For an import: the name that its source has for each layer, in order."""
    audit: tuple[str, ...] = ()
    """For an import: one line for each group of learned numbers that the network lacks."""
    figure_places: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    """Where each amount under `expect` and `budget` stands, by section and metric."""

    @property
    def name(self) -> str:
        return self.network.name


def read_spec(text: str, filename: str, settings: Settings | None = None) -> Spec:
    """Read a spec's text; messages name it `filename`.

    Raises:
        SpecError: everything that this reading found wrong.
    """
    return _SpecReader(Source(filename, text), settings or Settings()).read_document()


class _SpecReader:
    """One reading of one file."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source = source
        self.settings = settings
        self.problems = Problems(source)
        self.builder = NetworkBuilder()

    def read_document(self) -> Spec:
        root = parse_yaml(self.source.text, self.problems)
        self.problems.stop_if_any()
        keys = self._read_keys(root)
        params = read_params(keys.get("params"), self.problems)
        set_params(params, self.settings.params, self.source.name)
        blocks = read_blocks(keys["blocks"], params, self.problems) if "blocks" in keys else {}
        frame = Frame(Scope("", {}), dict(params), None)
        if "input" in keys:
            InputReader(self.builder, self.problems, frame).read_inputs(
                keys["input"], self.settings.inputs
            )
        texts = {key: plain_text(keys.get(key), self.problems) for key in _TEXTS}
        expect = read_expect(keys.get("expect"), self.problems)
        published = read_published(keys.get("published"), self.problems)
        types = read_types(keys.get("types"), self.problems)
        budget = read_budget(keys.get("budget"), self.problems)
        expansion = Expansion(self.builder, self.problems, params, self.settings.max_layers)
        outputs = self._read_layers(keys["layers"], blocks, frame, expansion)
        self.problems.stop_if_any()
        numbers = {
            name: bound.value
            for name, bound in params.items()
            if not isinstance(bound.value, (str, tuple))
        }
        warnings = tuple(
            f"{self.source.locate_offset(problem.offset)}: {problem.what}"
            for problem in self.problems.warnings
        )
        network = Network(
            name=texts["name"] or _strip_ending(self.source.base),
            nodes=tuple(self.builder.nodes),
            outputs=outputs,
            source=texts["source"],
            notes=texts["notes"],
            published=published,
            types=types,
        )
        written = expansion.assembly.written
        notes = tuple(input_notes(self.builder.nodes, self.settings.inputs, self.source))
        spec = Spec(network, self.source, written, expect, budget, numbers, warnings, notes)
        return replace(spec, figure_places=find_figure_places(keys))

    def _read_keys(self, root: Node | None) -> dict[str, Node]:
        """Read the top-level entries; raise what was found if they cannot be used."""
        if root is None or (isinstance(root, Scalar) and root.is_null):
            self.problems.add(0, "the spec is empty", "it needs input: and layers:")
            self.problems.stop()
        if not isinstance(root, Pairs):
            what = "a list" if isinstance(root, Items) else "no mapping"
            self.problems.add(root.start, f"the spec is {what}", "it needs input: and layers:")
            self.problems.stop()
        keys: dict[str, Node] = {}
        meant: list[str | None] = []
        for key, value in root.pairs:
            if key.text in keys:
                self.problems.add(
                    key.start, f"key {quote_text(key.text)} is given twice", "keep one"
                )
            elif key.text not in KEYS:
                if not self.problems.is_full:
                    meant.append(find_nearest(key.text, KEYS))
                known = f"a spec has the keys {', '.join(KEYS)}"
                hint = partial(did_you_mean, key.text, KEYS, known)
                self.problems.add(key.start, f"unknown key {quote_text(key.text)}", hint)
            keys[key.text] = value
        for needed, example in (("input", "input: [3, 224, 224]"), ("layers", "layers: [...]")):
            if needed not in keys and needed not in meant:
                self.problems.add(root.start, f"the spec has no {needed}", f"add {example}")
        if "layers" not in keys:
            self.problems.stop()
        return keys

    def _read_layers(
        self, node: Node, blocks: Mapping[str, Block], frame: Frame, expansion: Expansion
    ) -> tuple[int, ...]:
        """Read and expand the layers; return the indices of the network's outputs."""
        reader = LineReader(blocks, expansion.params, self.problems)
        lines = reader.read_lines(node, frame.scope.taken, "layers")
        if isinstance(node, Items) and not node.items:
            self.problems.add(node.start, "layers is empty", "a network has a layer")
        for block in blocks.values():
            if not block.used:
                self.problems.warn(block.start, f"block {block.name!r} is never used")
        try:
            last = expansion.expand_lines(lines, frame.entering, frame)
        except TooMany as bound:
            self.problems.add(bound.start, bound.what, bound.hint)
            self.problems.stop()
        return self._find_outputs(expansion, last)

    def _find_outputs(self, expansion: Expansion, last: int | None) -> tuple[int, ...]:
        """Find the nodes that nothing reads; refuse those that seem to be forgotten."""
        outputs = []
        for node in self.builder.nodes:
            if node.index in self.builder.read:
                continue
            if node.layer is None or not (node.index == last or node.index in expansion.named):
                if self.problems.found:
                    continue  # its reader may be what was refused
                self._refuse_unread(node)
            outputs.append(node.index)
        return tuple(outputs)

    def _refuse_unread(self, node: network.Input | network.Node) -> None:
        if node.layer is None:
            name = "" if node.name == "input" else f" {node.name}"
            what, hint = f"nothing reads the input{name}", "or delete it"
        else:
            what, hint = f"nothing reads {node.name}", "delete it, or name it to make it an output"
        self.problems.add(node.place.start, what, f"read it with from or a join, {hint}")


def _strip_ending(base: str) -> str:
    """Return a file's name without its ending: `alexnet` for `alexnet.yaml`."""
    return base.rpartition(".")[0] or base

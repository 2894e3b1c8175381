"""Combinations of options that no engineer would write, ruled out by tables that cost nothing.

Two rules of what stands behind what; neither holds where the network breaks it as it is:
    a 1x1 convolution right behind another, with norms and activations between at most
    a stage narrower than the one before it
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import inf

from cnncost.accuracy.roles import Follower, find_roles
from cnncost.errors import CnncostError
from cnncost.layers import Layer
from cnncost.network import Input, Node
from cnncost.plans.decisions.cost_tables import CostTable, Key, Scope
from cnncost.plans.decisions.width_trials import WidthTrials
from cnncost.plans.edits.edit import Decision, replacing_decisions
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.edits.placed_layers import Substitute, is_removal
from cnncost.plans.edits.serial_layers import (
    CONVOLUTIONS,
    is_pointwise,
    readers_behind,
    source_before,
)
from cnncost.shape import Shape


@dataclass(frozen=True)
class LayerOrder:
    """The rules of what may stand behind what in a network, under the options of its decisions."""

    editable: EditableSpec
    decisions: Sequence[Decision]
    trials: WidthTrials

    def tables(self) -> Iterator[CostTable]:
        """Yield a table for each pair of layers that some options would put in a wrong order."""
        for scope, wrong in self._wrong_orders():
            if wrong:
                yield self._make_table(scope, wrong)

    def _wrong_orders(self) -> Iterator[tuple[Scope, list[Key]]]:
        watch = self.editable.clock.watch
        yield from watch(self._pointwise_pairs())
        yield from watch(self._parted_pairs())
        yield from watch(self._narrowing_pairs())

    def options_alone(self) -> set[tuple[int, int]]:
        """The options that break a rule by themselves, each as its decision and its place among the
        options."""
        found: set[tuple[int, int]] = set()
        for scope, wrong in self._wrong_orders():
            for key in wrong:
                made = [(v, k) for v, k in zip(scope, key, strict=True) if k]
                found.update(made[:1] if len(made) == 1 else ())
        return found

    def _make_table(self, scope: Scope, wrong: Sequence[Key]) -> CostTable:
        import numpy as np

        sizes = [len(self.decisions[v].options) for v in scope]
        possible = np.ones(sizes, dtype=bool)
        for key in wrong:
            possible[key] = False
        return CostTable(scope, np.zeros((*sizes, len(METRICS)), dtype=np.int64), possible)

    # A 1x1 behind a 1x1

    def _pointwise_pairs(self) -> Iterator[tuple[Scope, list[Key]]]:
        """Yield, for each two convolutions in series, the options by which a 1x1 reads a 1x1."""
        replacing = replacing_decisions(self.decisions)
        for first in self.editable.network.layers:
            if first.layer.word not in CONVOLUTIONS:
                continue
            for second in self._convolutions_behind(first):
                for v, w in product(replacing.get(first.index, [-1]), replacing.get(second, [-1])):
                    ends = self._pointwise_options(v, first.index, last=True)
                    starts = self._pointwise_options(w, second, last=False)
                    if not (ends[0] and starts[0]):
                        yield _pairs_of(v, w, ends, starts)

    def _parted_pairs(self) -> Iterator[tuple[Scope, list[Key]]]:
        """Yield the same for two convolutions that nothing parts but convolutions which an option
        removes."""
        replacing = replacing_decisions(self.decisions)
        for d, decision in enumerate(self.decisions):
            for j, edit in enumerate(decision.options):
                removed = {i for i, put in edit.substitutes.items() if is_removal(put)}
                for first, second in self._pairs_around(removed):
                    for v, w in product(replacing.get(first, [-1]), replacing.get(second, [-1])):
                        ends = self._pointwise_options(v, first, last=True)
                        starts = self._pointwise_options(w, second, last=False)
                        if d not in (v, w) and not (ends[0] and starts[0]):
                            scope, keys = _pairs_of(v, w, ends, starts)
                            at = sum(one < d for one in scope)
                            wider = (*scope[:at], d, *scope[at:])
                            yield wider, [(*key[:at], j, *key[at:]) for key in keys]

    def _pairs_around(self, removed: set[int]) -> Iterator[tuple[int, int]]:
        """Yield each two convolutions that some removed ones, and nothing else, part."""
        network = self.editable.network
        for index in sorted(filter(self._is_convolution, removed)):
            first = source_before(network, index)
            if first in removed or not self._is_convolution(first):
                continue
            due = [index]
            while due:
                behind = dict.fromkeys(readers_behind(network, due.pop()))
                for second in filter(self._is_convolution, behind):
                    if second in removed:
                        due.append(second)
                    else:
                        yield first, second

    def _convolutions_behind(self, first: Node) -> Iterator[int]:
        """The convolutions that read a layer through what does not part them."""
        yield from filter(self._is_convolution, readers_behind(self.editable.network, first.index))

    def _is_convolution(self, index: int) -> bool:
        layer = self.editable.network.nodes[index].layer
        return layer is not None and layer.word in CONVOLUTIONS

    def _pointwise_options(self, v: int, index: int, *, last: bool) -> list[bool]:
        """For each option of a decision whether it puts a 1x1 at that end of a node's place."""
        node = self.editable.network.nodes[index]
        assert node.layer is not None  # it is a convolution
        as_it_is = is_pointwise(node.layer)
        if v < 0:
            return [as_it_is]
        found = [edit.substitutes.get(index) for edit in self.decisions[v].options]
        return [as_it_is if s is None else _ends_pointwise(s, node, last=last) for s in found]

    # A stage narrower than the one before

    def _narrowing_pairs(self) -> Iterator[tuple[Scope, list[Key]]]:
        """Yield, for each two widths of the trunk in order, the options by which the second is
        narrower."""
        for first, second in self._ordered_widths():
            deciding = [self._deciding(index) for index in (first, second)]
            if any(len(found) > 1 for found in deciding) or not any(deciding):
                continue  # of joined widths no one decision says how many they are
            (v,), (w,) = ([*found, -1][:1] for found in deciding)
            befores, afters = self._widths_at(first, v), self._widths_at(second, w)
            if v == w:
                pairs = enumerate(zip(befores, afters, strict=True))
                yield (v,), [(k,) for k, (before, after) in pairs if after < before]
            else:
                yield _list_pairs(v, w, [
                    (k, m) for (k, before), (m, after)
                    in product(enumerate(befores), enumerate(afters)) if after < before
                ])  # fmt: skip

    def _ordered_widths(self) -> Iterator[tuple[int, int]]:
        """Pairs of nodes of the trunk of which the second is as wide as the first, or wider.

        The second is the first of a stage over a coarser map, or a stream that blocks add to; the
        first the nearest of its kind before it that is not wider.
        """
        passed: list[Node] = []
        streams: list[Node] = []
        coarsest = inf
        for node in self._trunk:
            is_stream = node.index in self._streams
            of_its_kind = passed if node.output.positions < coarsest else streams * is_stream
            narrower = (
                one for one in reversed(of_its_kind) if one.output.channels <= node.output.channels
            )
            if (nearest := next(narrower, None)) is not None:
                yield nearest.index, node.index
            passed.append(node)
            streams += [node] * is_stream
            coarsest = min(coarsest, node.output.positions)

    @cached_property
    def _trunk(self) -> list[Node]:
        """The convolutions and joins that every path from the input leads through."""
        readers = self.editable.network.readers
        furthest = max(
            index for one in self.editable.network.inputs for index in readers[one.index]
        )
        found = []
        for node in self.editable.network.layers:
            if furthest <= node.index and _sets_width(node):
                found.append(node)
            furthest = max([furthest, *readers[node.index]])
        return found

    @cached_property
    def _streams(self) -> set[int]:
        """The nodes of the trunk that are sums, or projections without a non-linearity."""
        roles = find_roles(self.editable.network)
        return {
            node.index
            for node in self._trunk
            if node.layer.word == "add"
            or (node.index in roles and roles[node.index].follower is Follower.LINEAR)
        }

    def _deciding(self, index: int) -> list[int]:
        """The decisions whose options change how many channels a node puts out."""
        now = self.editable.network.nodes[index].output.channels
        reaching = self._reaching.get(index, ())
        found = [v for v, k in reaching if _channels(self.trials[v, k], index, now) != now]
        return list(dict.fromkeys(found))

    @cached_property
    def _reaching(self) -> dict[int, list[tuple[int, int]]]:
        """For each node the options of widths that change it or what it reads."""
        found: dict[int, list[tuple[int, int]]] = {}
        for picked, trial in self.trials.items():
            for index in trial:
                found.setdefault(index, []).append(picked)
        return found

    def _widths_at(self, index: int, v: int) -> list[int]:
        """How many channels a node puts out under each option of a decision."""
        now = self.editable.network.nodes[index].output.channels
        options = range(len(self.decisions[v].options)) if v >= 0 else range(1)
        return [_channels(self.trials.get((v, k), {}), index, now) for k in options]


def _sets_width(node: Input | Node) -> bool:
    if node.layer is None or node.output.is_vector:
        return False
    if node.layer.word in ("add", "concat", "conv_transpose"):
        return True
    return node.layer.word == "conv" and getattr(node.layer, "groups", 1) < node.output.channels


def _channels(trial: Mapping[int, tuple[Layer, tuple[Shape, ...]]], index: int, now: int) -> int:
    if index not in trial:
        return now
    layer, xs = trial[index]
    return layer.infer_shape(xs).channels


def _ends_pointwise(substitute: Substitute, node: Node, *, last: bool) -> bool:
    """Whether what stands in a node's place ends with a 1x1 convolution (begins with one, unless
    `last`)."""
    assert node.layer is not None  # it is a convolution
    try:
        placed = substitute(node.layer, node.inputs)
    except CnncostError:
        return False
    found = [layer for layer, _ in placed if layer.word in CONVOLUTIONS]
    return bool(found) and is_pointwise(found[-1 if last else 0])


def _pairs_of(
    v: int, w: int, ends: Sequence[bool], starts: Sequence[bool]
) -> tuple[Scope, list[Key]]:
    """List the pairs of options of which the first ends with a 1x1 and the second starts with one;
    where one decision has both, its options of which both hold."""
    if v == w:
        return (v,), [(k,) for k, both in enumerate(map(min, ends, starts)) if both]
    keys = product(range(len(ends)), range(len(starts)))
    return _list_pairs(v, w, [(k, m) for k, m in keys if ends[k] and starts[m]])


def _list_pairs(v: int, w: int, wrong: Iterable[tuple[int, int]]) -> tuple[Scope, list[Key]]:
    """List pairs of options in the order of their decisions; decision -1 stands for none."""
    scope = tuple(sorted(d for d in (v, w) if d >= 0))
    keys = [{v: k, w: m} for k, m in wrong]
    return scope, [tuple([key[d] for d in scope]) for key in keys]

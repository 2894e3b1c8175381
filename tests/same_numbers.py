"""Mutants of `mutate_numbers.py` that change no number and no plan, and why."""

from __future__ import annotations

MYPY = "for mypy: an input has no gradient"
TIME = "more or fewer labels are compared at once or again: time, no label that is left"
BOTH = "a position reads from one to another, or nothing: both are None"
SAME_POSITION = "only readings of the same position leave it out, and those are not followed"
SET = "no group keeps its first value"
NO_TENSORS = "what does not learn has no tensors: its formulas give 0"
UNTRAINED = "what does not learn is not trained: its weights' share is not read"
NO_AXIS = "a track of no axis has no step"
NEAR = "more taps are looked at, or the same ones twice: time"
EXPORTED = "for mypy: imported by its name, it is found all the same"
NO_WEIGHTS = "what has no role has no weights, nor what stands in its place"
ONCE = "a short way: once a number is the number"
NO_READS = "for mypy: an input reads nothing, nothing dies there"

_EMBEDDED = "cnncost/costs/memory/embedded.py"
_TRAINING = "cnncost/costs/memory/training_step.py"
_TRAINING_BACKWARD = "cnncost/costs/memory/training_backward.py"
_STORAGE = "cnncost/costs/memory/storage.py"
_INFERENCE = "cnncost/costs/memory/inference.py"
_REPORT = "cnncost/costs/memory/memory_report.py"
_SHAPE = "cnncost/shape.py"
_REACH = "cnncost/costs/receptive_field.py"
_GROUPS = "cnncost/plans/edits/channel_groups.py"
_COUNT = "cnncost/costs/count.py"
_BACKWARD = "cnncost/costs/gradients.py"
_POSITIONS = "cnncost/costs/input_positions.py"
_RESHAPING = "cnncost/layers/reshaping.py"
_POTENTIAL = "cnncost/accuracy/potential.py"
_ROLES = "cnncost/accuracy/roles.py"
_TERMS = "cnncost/accuracy/layer_terms.py"
_DOMINANCE = "cnncost/plans/search/labels.py"


def _without_a_word(module: str, words: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """A module's `__all__` without each of its words."""
    every = list(words)
    short = [[other for other in every if other != word] for word in every]
    return {(module, f"{str(every)[:90]} -> {str(less)[:90]}"): EXPORTED for less in short}


SAME: dict[tuple[str, str], str] = {
    (
        _INFERENCE,
        "1 -> 2 in last = list(range(end + 1))",
    ): "one more at the end, of no node",
    (
        _INFERENCE,
        "0 -> 1 in until = held[node.index][_count_common_blocks(network.nodes[i].name, "
        "node.name)] if held e",
    ): "who reads something is node 1 or a later one",
    (
        _INFERENCE,
        "alive.base[i] == i and alive.last[i] >= step -> alive.last[i] >= step",
    ): "nothing is new where an input is written over or seen: never the first step of the most",
    (
        _INFERENCE,
        "1 -> 2 in change = [0] * (len(self.base) + 1)",
    ): "one more at the end, never read",
    (_EMBEDDED, "if node.layer is None: pass -> if False: pass"): MYPY,
    (_EMBEDDED, "max(dying, default=0) -> min(dying, default=0)"): "operands are of one size",
    (_EMBEDDED, "False -> True in return False"): NO_READS,
    (
        _TRAINING,
        "2 -> 3 in change = [0] * (end + 2)",
    ): "one more at the end, never read",
    (
        _TRAINING_BACKWARD,
        "1 -> 2 in keepers[base[i]] += 1",
    ): "what the caller holds is never released",
    (_TRAINING, "written and traits_.clones -> written"): "what keeps its input in place clones it",
    (
        _TRAINING,
        "node.layer is None or not flow.outputs[node.index] -> not flow.outputs[node.index]",
    ): MYPY,
    (
        _TRAINING_BACKWARD,
        "node.layer is None or node.index not in pending.held -> node.index not in pending.held",
    ): MYPY,
    (
        "cnncost/layers/base.py",
        "dataclass(frozen=True, eq=False, repr=False, match_args=False) -> "
        "dataclass(frozen=True, eq=False, match_args=False)",
    ): "a dataclass writes itself as Layer does",
    (
        "cnncost/layers/base.py",
        "False -> True in dataclass(frozen=True, eq=False, repr=False, match_args=False)(cls)",
    ): "a dataclass compares, hashes and writes the same fields as Layer does",
    (_RESHAPING, "n > 0 -> n >= 0"): "no entry is 0",
    (
        _RESHAPING,
        "0 -> 1 in return prod((n for n in self.shape if n > 0))",
    ): "a factor of 1 changes no product",
    (_SHAPE, "if self.dilation == 1: pass -> if False: pass"): "a short way of the same product",
    (
        _SHAPE,
        "0 -> 1 in AXES = {0: (), 1: ('length',), 2: ('height', 'width'), "
        "3: ('depth', 'height', 'width')}",
    ): "a vector's axes are asked for by nobody who reads maps",
    (
        _SHAPE,
        "1 -> 2 in full = min(taps, max(0, (bound - 1 - (outputs - 1) * stride) // dilation + 1))",
    ): "of a tap that leaves all outputs the sum says the same",
    (
        "cnncost/costs/rows.py",
        "True -> False in counted: bool = True",
    ): "the one row made without it only makes the columns add up",
    (
        "cnncost/costs/rows.py",
        "for row in rows if row.footprint is not None -> for row in rows",
    ): "for mypy: where a report has footprints each row has one",
    (
        _REACH,
        "min(hanging, LONGEST) -> max(hanging, LONGEST)",
    ): "more positions are looked at: time",
    ("cnncost/costs/input_positions.py", "1 -> 2 in period: int = 1"): SAME_POSITION,
    ("cnncost/costs/input_positions.py", "1 -> 2 in shift: int = 1"): SAME_POSITION,
    ("cnncost/costs/input_positions.py", "1 -> 2 in return range(q, q + 1)"): SAME_POSITION,
    ("cnncost/costs/input_positions.py", "q + 1 -> q - 1"): SAME_POSITION,
    (_REACH, "a is not None and b is not None -> a is not None"): BOTH,
    (_REACH, "a is not None and b is not None -> b is not None"): BOTH,
    (
        _REACH,
        "if reading.taps is read_same_position: pass -> if False: pass",
    ): "a short way: followed tap by tap it comes to the same",
    (
        _GROUPS,
        "node.layer is not None and node.layer.word == 'dense' -> node.layer.word == 'dense'",
    ): MYPY,
    (_GROUPS, "0 -> 1 in width: int = 0"): SET,
    (_GROUPS, "0 -> 1 in return reads[0]"): "both operands are one group, or cannot change",
    (_GROUPS, "1 -> 2 in blocks: int = 1"): SET,
    (_DOMINANCE, "48 -> 49 in RIVALS = 48"): TIME,
    (_DOMINANCE, "1 << 14 -> 1 >> 14"): TIME,
    (_DOMINANCE, "1 -> 2 in COMPARED = 1 << 14"): TIME,
    (_DOMINANCE, "1 -> 2 in at_once = max(1, COMPARED // len(order))"): TIME,
    (_DOMINANCE, "14 -> 15 in COMPARED = 1 << 14"): TIME,
    (_DOMINANCE, "2 -> 3 in for _ in range(2):"): TIME,
    (_DOMINANCE, "int(sizes.max()) - 1 -> int(sizes.max()) + 1"): TIME,
    (_DOMINANCE, "min(int(sizes.max()) - 1, RIVALS) -> max(int(sizes.max()) - 1, RIVALS)"): TIME,
    (_DOMINANCE, "COMPARED // len(order) -> COMPARED * len(order)"): TIME,
    (_DOMINANCE, "min(start + at_once, most) -> max(start + at_once, most)"): TIME,
    (_DOMINANCE, "alive & (place > start) -> alive | (place > start)"): TIME,
    (_DOMINANCE, "place > start -> place >= start"): TIME,
    (_DOMINANCE, "if most < RIVALS: pass -> if False: pass"): TIME,
    (_DOMINANCE, "most < RIVALS -> most <= RIVALS"): TIME,
    (_DOMINANCE, "break -> pass"): TIME,
    (_COUNT, "not layer.learns or node.shares is not None -> node.shares is not None"): NO_TENSORS,
    (
        "cnncost/costs/gradients.py",
        "node.layer is None or not node.layer.learns -> node.layer is None",
    ): NO_TENSORS,
    (_BACKWARD, "layer is None or not layer.counted -> layer is None"): "it has no connections",
    (_BACKWARD, "if not layer.learns: pass -> if False: pass"): UNTRAINED,
    (_BACKWARD, "0 -> 1 in return Shares(0, forward)"): UNTRAINED,
    (
        _POSITIONS,
        "min(window.kernel, again) -> max(window.kernel, again)",
    ): "a tap further on paints what an earlier one does, or, beyond the kernel, nothing",
    (_REACH, "0 -> 1 in return Track(None, (), (), 0, self.first, self.last)"): NO_AXIS,
    (_REACH, "0 -> 1 in return Track(None, (), (), 0, first, last)"): NO_AXIS,
    (
        _REACH,
        "after is not None and key in found -> key in found",
    ): "for mypy: what reads several layers follows each position, no pattern gets too long",
    (
        _REACH,
        "taps if len(taps) <= 2 * most else [*taps[:most], *taps[-most:]] -> taps",
    ): NEAR,
    (
        _REACH,
        "taps if len(taps) <= 2 * most else [*taps[:most], *taps[-most:]] -> "
        "[*taps[:most], *taps[-most:]]",
    ): NEAR,
    (_REACH, "len(taps) <= 2 * most -> len(taps) < 2 * most"): NEAR,
    (_REACH, "2 * most -> 2 // most"): NEAR,
    (
        _REACH,
        "2 -> 3 in return taps if len(taps) <= 2 * most else [*taps[:most], *taps[-most:]]",
    ): NEAR,
    (_REACH, "-most -> most"): NEAR,
    (_SHAPE, "0 -> 1 in before = max(surplus, 0) // 2"): "half of 1 is 0 too",
    (_SHAPE, "bound <= 0 -> bound < 0"): "below a bound of 0 no tap is left to sum up",
    (_SHAPE, "if not rest: pass -> if False: pass"): "a short way: the sum of no terms is 0",
    (
        _POTENTIAL,
        "1.0 -> 1.1 in weight = terms.weight or 1.0",
    ): "where no layer counts every sum is 0",
    (
        _ROLES,
        "False -> True in NO_ROLE = Role(Follower.NOTHING, positions_used=False, map_extent=0.0)",
    ): NO_WEIGHTS,
    (
        _ROLES,
        "0.0 -> 0.1 in NO_ROLE = Role(Follower.NOTHING, positions_used=False, map_extent=0.0)",
    ): NO_WEIGHTS,
    (_POTENTIAL, "weight > 0 -> weight >= 0"): "an extent of no weight has no share",
    (
        _POTENTIAL,
        "1.0 -> 1.1 in return (terms.head_coarseness + coarse) / "
        "(terms.heads + sum(shares.values()) or 1.0)",
    ): "where nothing has a share nothing is coarse",
    (
        _TERMS,
        "one if count == 1 else [count * amount for amount in one[:-1]] -> "
        "[count * amount for amount in one[:-1]]",
    ): ONCE,
    (
        _TERMS,
        "1 -> 2 in sums = map(add, sums, one if count == 1 else "
        "[count * amount for amount in one[:-1]])",
    ): ONCE,
    (
        _POTENTIAL,
        "1.0 -> 1.1 in stream = terms.streams / (terms.attentions or 1.0)",
    ): "where there is no attention their sum is 0",
    (
        _ROLES,
        "0 -> 1 in def mean_extent(extents: tuple[int, ...], axes: int=0) -> float:",
    ): "a map has an axis at least",
    (_ROLES, "0 -> 1 in axes: int = 0"): "of a layer without weights, which has no terms",
    (_ROLES, "'' if node.layer is None else node.layer.word -> node.layer.word"): MYPY,
    (_GROUPS, "False -> True in frozen: bool = False"): SET,
    ("cnncost/layers/base.py", "False -> True in learns: ClassVar[bool] = False"): (
        "each type sets its own"
    ),
    ("cnncost/layers/base.py", "TypeVar('T', bound=type[Layer]) -> TypeVar('T')"): "for mypy",
    (
        "cnncost/layers/base.py",
        "dataclass(frozen=True, eq=False, repr=False, match_args=False) -> "
        "dataclass(frozen=True, repr=False, match_args=False)",
    ): "a dataclass compares the same fields as Layer does",
    (
        "cnncost/layers/base.py",
        "dataclass(frozen=True, eq=False, repr=False, match_args=False) -> "
        "dataclass(frozen=True, eq=False, repr=False)",
    ): "no pattern matches a layer",
    (
        "cnncost/layers/kinds.py",
        "isinstance(self.default, str) and self.default == REQUIRED -> self.default == REQUIRED",
    ): "no number, flag or list equals an empty word",
    (
        "cnncost/layers/kinds.py",
        "value > LARGEST -> value >= LARGEST",
    ): "the largest number itself has been taken before",
    (
        "cnncost/layers/sliding_window.py",
        "if self.padding == 'same': pass -> if False: pass",
    ): "a short way: padded so, as many windows fit",
    **_without_a_word(
        "cnncost/costs/__init__.py",
        ("Convention", "LayerCount", "Report", "Totals", "count_layer", "count_network"),
    ),
    **_without_a_word(
        "cnncost/layers/__init__.py",
        ("FAMILIES", "JOINS", "TYPES", "Layer", "layer_type", "read_layer"),
    ),
}
"""By module and change, as printed."""

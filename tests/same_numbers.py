"""Mutants of `mutate_numbers.py` that change no number and no plan, and why."""

from __future__ import annotations

MYPY = "for mypy: a network's layers are layers"
TIME = "more or fewer labels are compared at once or again: time, no label that is left"
SET = "no group keeps its first value"
NO_READS = "for mypy: an input reads nothing, nothing dies there"

_EMBEDDED = "cnncost/costs/memory/embedded.py"
_TRAINING = "cnncost/costs/memory/training.py"
_REPORT = "cnncost/costs/memory/report.py"
_GROUPS = "cnncost/suggest/text/channel_groups.py"
_DOMINANCE = "cnncost/suggest/search/dominance.py"

SAME: dict[tuple[str, str], str] = {
    (_EMBEDDED, "if node.layer is None: pass -> if False: pass"): MYPY,
    (_EMBEDDED, "max(dying, default=0) -> min(dying, default=0)"): "operands are of one size",
    (_EMBEDDED, "False -> True in return False"): NO_READS,
    (
        _TRAINING,
        "2 -> 3 in change = [0] * (end + 2)",
    ): "one more at the end, never read",
    (_TRAINING, "1 -> 2 in keepers[base[i]] += 1"): "what the caller holds is never released",
    (_TRAINING, "written and traits_.clones -> written"): "what keeps its input in place clones it",
    (
        _REPORT,
        "for node in network.layers if node.layer -> for node in network.layers",
    ): MYPY,
    (
        _REPORT,
        "node.layer and node.layer.word == 'batchnorm' and (node.shares is None) -> "
        "node.layer.word == 'batchnorm' and node.shares is None",
    ): MYPY,
    (
        _REPORT,
        "[prod(dims) for dims in node.layer.tensors(node.inputs[0]).values()] if node.layer "
        "else [] -> [prod(dims) for dims in node.layer.tensors(node.inputs[0]).values()]",
    ): MYPY,
    (_GROUPS, "0 -> 1 in width: int = 0"): SET,
    (_GROUPS, "1 -> 2 in blocks: int = 1"): SET,
    (_GROUPS, "0.0 -> 0.1 in raw: float = 0.0"): SET,
    (_GROUPS, "0.0 -> 0.1 in weight: float = 0.0"): SET,
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
}
"""By module and change, as printed."""

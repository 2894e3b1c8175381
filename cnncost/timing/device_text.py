"""Read a device's file: a YAML text of costs, how well they hold, and peaks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from cnncost.costs.memory.memory_report import DTYPES
from cnncost.costs.roof import PeakRates
from cnncost.errors import did_you_mean, make_printable, quote_text
from cnncost.language.nodes import Items, Node, Pairs, Scalar, parse_yaml
from cnncost.language.problems import Problems
from cnncost.place import Source
from cnncost.quantity import parse_number
from cnncost.timing.device import Device, FitRecord
from cnncost.timing.time_columns import TERMS

KEYS = (
    *("device", "runs", "dtype", "batch", "seconds", "cycles", "clock"),
    *("fitted", "peak", "notes"),
)
FITTED = (
    *("on", "networks", "kept_out", "connections", "median_error", "interval", "source", "date"),
)
PEAK = ("macs", "bytes", "source")

LARGEST, SMALLEST = 10**30, Fraction(1, 10**30)
"""Numbers beyond these are no device's."""


def read_device(text: str, filename: str, name: str) -> Device:
    """Read a device's text; messages name it `filename`.

    Raises:
        SpecError: everything that this reading found wrong.
    """
    problems = Problems(Source(filename, text))
    root = parse_yaml(text, problems)
    problems.stop_if_any()
    device = _DeviceReader(problems).read_document(root, name)
    problems.stop_if_any()
    return device


class _DeviceReader:
    """One reading of one file."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def read_document(self, root: Node | None, name: str) -> Device:
        if not isinstance(root, Pairs):
            self.problems.add(
                root.start if root else 0,
                "the device is no mapping",
                "it needs device: and seconds:",
            )
            self.problems.stop()
        keys = self._read_keys(root, "a device", KEYS)
        if "device" not in keys:
            self.problems.add(root.start, "the device has no device", "add device: what it is")
        return Device(
            name,
            self._read_text(keys.get("device")),
            self._read_text(keys.get("runs")),
            self._read_dtype(keys.get("dtype")),
            self._read_batches(keys.get("batch")),
            self._read_seconds(keys, root),
            self._read_fitted(keys.get("fitted")),
            self._read_peak(keys.get("peak")),
            self._read_text(keys.get("notes")),
        )

    def _read_keys(self, node: Node, what: str, known: Sequence[str]) -> dict[str, Node]:
        """Read the entries of a mapping whose keys are known words."""
        if not isinstance(node, Pairs):
            self.problems.add(node.start, f"{what} is no mapping", f"it has {', '.join(known)}")
            return {}
        keys: dict[str, Node] = {}
        for key, value in node.pairs:
            if key.text not in known:
                all_words = f"{what} has the keys {', '.join(known)}"
                hint = partial(did_you_mean, key.text, list(known), all_words)
                self.problems.add(key.start, f"unknown key {quote_text(key.text)}", hint)
            elif key.text in keys:
                what_twice = f"key {quote_text(key.text)} is given twice"
                self.problems.add(key.start, what_twice, "keep one")
            keys[key.text] = value
        return keys

    def _read_text(self, node: Node | None) -> str:
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self.problems.add(node.start, "a text is due, not a list or mapping", "quote it")
            return ""
        return make_printable(" ".join(node.text.split()))

    def _read_number(self, node: Node, what: str, *, zero: bool = True) -> float:
        """Read a number that is not negative; 1 if there is none."""
        value = parse_number(node.text) if isinstance(node, Scalar) else None
        if value is not None and (0 if zero else SMALLEST) <= value <= LARGEST:
            return float(value)
        due = "a number that is not negative" if zero else "a number above 0"
        self.problems.add(node.start, f"{what} must be {due}", "as in 1.5e-12 or 936G")
        return 1.0

    def _read_count(self, node: Node, what: str, *, least: int) -> int:
        value = parse_number(node.text) if isinstance(node, Scalar) else None
        if isinstance(value, int) and least <= value <= LARGEST:
            return value
        self.problems.add(node.start, f"{what} must be a whole number, at least {least}")
        return least

    def _read_dtype(self, node: Node | None) -> str:
        word = self._read_text(node) or "fp32"
        if word in DTYPES:
            return word
        assert node is not None
        hint = did_you_mean(word, list(DTYPES), f"the types are {', '.join(DTYPES)}")
        self.problems.add(node.start, f"unknown dtype {quote_text(word)}", hint)
        return "fp32"

    def _read_pair(self, node: Node, what: str, example: str) -> tuple[Node, Node] | None:
        if isinstance(node, Items) and len(node.items) == 2:
            return node.items[0], node.items[1]
        self.problems.add(node.start, f"{what} must be two numbers", f"as in {example}")
        return None

    def _read_batches(self, node: Node | None) -> tuple[int, int]:
        if node is None:
            return 1, 1
        if isinstance(node, Scalar):
            batch = self._read_count(node, "batch", least=1)
            return batch, batch
        return self._read_range(node, "batch", "batch: [1, 16]") or (1, 1)

    def _read_range(self, node: Node, what: str, example: str) -> tuple[int, int] | None:
        """Read the least and the most of a count."""
        pair = self._read_pair(node, what, example)
        if pair is None:
            return None
        least, most = (self._read_count(item, what, least=1) for item in pair)
        if least > most:
            self.problems.add(node.start, f"{what}: the least comes first", f"[{most}, {least}]")
        return least, most

    def _read_seconds(self, keys: dict[str, Node], root: Node) -> dict[str, float]:
        """Read the costs; those in cycles are divided by the clock's frequency."""
        if ("seconds" in keys) == ("cycles" in keys):
            trouble = "both seconds and cycles" if "seconds" in keys else "no seconds"
            hint = "give seconds: {connections: ...}, or cycles and clock"
            self.problems.add(root.start, f"the device has {trouble}", hint)
            return {}
        word = "seconds" if "seconds" in keys else "cycles"
        entries = self._read_keys(keys[word], word, TERMS)
        costs = {
            term: self._read_number(value, f"{word}: {term}")
            for term, value in entries.items()
            if term in TERMS
        }
        if not any(costs.values()):
            self.problems.add(
                keys[word].start, f"{word} has no cost above 0", "add connections: ..."
            )
        return self._divide_by_clock(costs, keys, word)

    def _divide_by_clock(
        self, costs: dict[str, float], keys: dict[str, Node], word: str
    ) -> dict[str, float]:
        if word == "seconds":
            if "clock" in keys:
                self.problems.add(keys["clock"].start, "clock goes with cycles", "drop it")
            return costs
        if "clock" not in keys:
            self.problems.add(keys[word].start, "cycles need a clock", "add clock: 280M")
            return costs
        clock = self._read_number(keys["clock"], "clock", zero=False)
        return {term: cycles / clock for term, cycles in costs.items()}

    def _read_fitted(self, node: Node | None) -> FitRecord:
        if node is None:
            return FitRecord()
        keys = self._read_keys(node, "fitted", FITTED)
        counts = {
            word: self._read_count(keys[word], word, least=0)
            for word in ("networks", "kept_out")
            if word in keys
        }
        error, sizes = keys.get("median_error"), keys.get("connections")
        return FitRecord(
            self._read_text(keys.get("on")),
            counts.get("networks", 0),
            counts.get("kept_out", 0),
            None
            if sizes is None
            else self._read_range(sizes, "connections", "connections: [44M, 96G]"),
            None if error is None else self._read_number(error, "median_error"),
            self._read_interval(keys.get("interval")),
            self._read_text(keys.get("source")),
            self._read_text(keys.get("date")),
        )

    def _read_interval(self, node: Node | None) -> tuple[float, float] | None:
        pair = None if node is None else self._read_pair(node, "interval", "interval: [0.8, 1.3]")
        if node is None or pair is None:
            return None
        low, high = (self._read_number(item, "interval") for item in pair)
        if not low <= 1 <= high:
            self.problems.add(node.start, "interval: the estimate, 1, is not in it")
        return low, high

    def _read_peak(self, node: Node | None) -> PeakRates | None:
        if node is None:
            return None
        keys = self._read_keys(node, "peak", PEAK)
        for word in PEAK:
            if word not in keys and isinstance(node, Pairs):
                self.problems.add(node.start, f"peak has no {word}", f"it has {', '.join(PEAK)}")
        macs, rate = (
            self._read_number(keys[word], f"peak: {word}", zero=False) if word in keys else 1.0
            for word in ("macs", "bytes")
        )
        return PeakRates(macs, rate, self._read_text(keys.get("source")))

"""Read a device's file: a YAML text of costs, how well they hold, and peaks."""

from __future__ import annotations

from cnncost.costs.memory.memory_report import DTYPES
from cnncost.costs.roof import PeakRates
from cnncost.errors import did_you_mean, quote_text
from cnncost.language.nodes import Node, Pairs, Scalar, parse_yaml
from cnncost.language.problems import Problems
from cnncost.place import Source
from cnncost.timing.device import Device, FitRecord
from cnncost.timing.entry_reader import EntryReader
from cnncost.timing.time_columns import TERMS

KEYS = (
    *("device", "runs", "dtype", "batch", "seconds", "cycles", "clock"),
    *("fitted", "peak", "notes"),
)
FITTED = (
    *("on", "networks", "kept_out", "connections", "median_error", "interval", "source", "date"),
)
PEAK = ("macs", "bytes", "source")


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


class _DeviceReader(EntryReader):
    """One reading of one file."""

    def read_document(self, root: Node | None, name: str) -> Device:
        root = self.read_mapping(root, "device", "it needs device: and seconds:")
        keys = self.read_keys(root, "a device", KEYS)
        if "device" not in keys:
            self.problems.add(root.start, "the device has no device", "add device: what it is")
        return Device(
            name,
            self.read_text(keys.get("device")),
            self.read_text(keys.get("runs")),
            self._read_dtype(keys.get("dtype")),
            self._read_batches(keys.get("batch")),
            self._read_seconds(keys, root),
            self._read_fitted(keys.get("fitted")),
            self._read_peak(keys.get("peak")),
            self.read_text(keys.get("notes")),
        )

    def _read_dtype(self, node: Node | None) -> str:
        word = self.read_text(node) or "fp32"
        if word in DTYPES:
            return word
        assert node is not None
        hint = did_you_mean(word, list(DTYPES), f"the types are {', '.join(DTYPES)}")
        self.problems.add(node.start, f"unknown dtype {quote_text(word)}", hint)
        return "fp32"

    def _read_batches(self, node: Node | None) -> tuple[int, int]:
        if node is None:
            return 1, 1
        if isinstance(node, Scalar):
            batch = self.read_count(node, "batch", least=1)
            return batch, batch
        return self.read_range(node, "batch", "batch: [1, 16]") or (1, 1)

    def _read_seconds(self, keys: dict[str, Node], root: Node) -> dict[str, float]:
        """Read the costs; those in cycles are divided by the clock's frequency."""
        if ("seconds" in keys) == ("cycles" in keys):
            trouble = "both seconds and cycles" if "seconds" in keys else "no seconds"
            hint = "give seconds: {connections: ...}, or cycles and clock"
            self.problems.add(root.start, f"the device has {trouble}", hint)
            return {}
        word = "seconds" if "seconds" in keys else "cycles"
        entries = self.read_keys(keys[word], word, TERMS)
        costs = {
            term: self.read_number(value, f"{word}: {term}")
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
        clock = self.read_number(keys["clock"], "clock", zero=False)
        return {term: cycles / clock for term, cycles in costs.items()}

    def _read_fitted(self, node: Node | None) -> FitRecord:
        if node is None:
            return FitRecord()
        keys = self.read_keys(node, "fitted", FITTED)
        counts = {
            word: self.read_count(keys[word], word, least=0)
            for word in ("networks", "kept_out")
            if word in keys
        }
        error, sizes = keys.get("median_error"), keys.get("connections")
        return FitRecord(
            self.read_text(keys.get("on")),
            counts.get("networks", 0),
            counts.get("kept_out", 0),
            None
            if sizes is None
            else self.read_range(sizes, "connections", "connections: [44M, 96G]"),
            None if error is None else self.read_number(error, "median_error"),
            self._read_interval(keys.get("interval")),
            self.read_text(keys.get("source")),
            self.read_text(keys.get("date")),
        )

    def _read_interval(self, node: Node | None) -> tuple[float, float] | None:
        pair = None if node is None else self.read_pair(node, "interval", "interval: [0.8, 1.3]")
        if node is None or pair is None:
            return None
        low, high = (self.read_number(item, "interval") for item in pair)
        if not low <= 1 <= high:
            self.problems.add(node.start, "interval: the estimate, 1, is not in it")
        return low, high

    def _read_peak(self, node: Node | None) -> PeakRates | None:
        if node is None:
            return None
        keys = self.read_keys(node, "peak", PEAK)
        for word in PEAK:
            if word not in keys and isinstance(node, Pairs):
                self.problems.add(node.start, f"peak has no {word}", f"it has {', '.join(PEAK)}")
        macs, rate = (
            self.read_number(keys[word], f"peak: {word}", zero=False) if word in keys else 1.0
            for word in ("macs", "bytes")
        )
        return PeakRates(macs, rate, self.read_text(keys.get("source")))

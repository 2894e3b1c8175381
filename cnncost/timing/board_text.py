"""Read a board's file: a YAML text of memory, core, clock and power."""

from __future__ import annotations

from cnncost.errors import CnncostError
from cnncost.language.nodes import Node, Pairs, parse_yaml
from cnncost.language.problems import Problems
from cnncost.place import Source
from cnncost.quantity import parse_bytes
from cnncost.timing.board import Board
from cnncost.timing.entry_reader import EntryReader

KEYS = ("board", "core", "clock", "sram", "flash", "power", "engines", "source", "notes")
POWER = ("milliwatts", "source")


def read_board(text: str, filename: str, name: str) -> Board:
    """Read a board's text; messages name it `filename`.

    Raises:
        SpecError: everything that this reading found wrong.
    """
    problems = Problems(Source(filename, text))
    root = parse_yaml(text, problems)
    problems.stop_if_any()
    board = _BoardReader(problems).read_document(root, name)
    problems.stop_if_any()
    return board


class _BoardReader(EntryReader):
    """One reading of one file."""

    def read_document(self, root: Node | None, name: str) -> Board:
        root = self.read_mapping(root, "board", "it needs board: and sram: or flash:")
        keys = self.read_keys(root, "a board", KEYS)
        if "board" not in keys:
            self.problems.add(root.start, "the board has no board", "add board: what it is")
        if "sram" not in keys and "flash" not in keys:
            self.problems.add(root.start, "the board has no sram, nor flash", "add sram: 256KiB")
        clock = keys.get("clock")
        milliwatts, power_source = self._read_power(keys.get("power"))
        return Board(
            name,
            self.read_text(keys.get("board")),
            self.read_text(keys.get("core")).lower(),
            None if clock is None else self.read_number(clock, "clock", zero=False),
            self._read_bytes(keys.get("sram"), "sram"),
            self._read_bytes(keys.get("flash"), "flash"),
            milliwatts,
            power_source,
            self._read_engines(keys.get("engines")),
            self.read_text(keys.get("source")),
            self.read_text(keys.get("notes")),
        )

    def _read_bytes(self, node: Node | None, what: str) -> int | None:
        if node is None:
            return None
        try:
            return parse_bytes(self.read_text(node))
        except CnncostError as error:
            self.problems.add(node.start, f"{what}: {error.what}", error.hint)
            return None

    def _read_power(self, node: Node | None) -> tuple[tuple[float, float] | None, str]:
        if node is None:
            return None, ""
        keys = self.read_keys(node, "power", POWER)
        if "milliwatts" not in keys:
            if isinstance(node, Pairs):
                self.problems.add(node.start, "power has no milliwatts", "milliwatts: [23, 27]")
            return None, ""
        span = self.read_span(keys["milliwatts"], "milliwatts", "milliwatts: [23, 27]")
        return span, self.read_text(keys.get("source"))

    def _read_engines(self, node: Node | None) -> dict[str, tuple[float, float]]:
        """Read the cycles per connection of engines, whose names are the user's own."""
        if node is None:
            return {}
        if not isinstance(node, Pairs):
            what = "engines is no mapping of engines to cycles per connection"
            self.problems.add(node.start, what, "as in engines: {mine: [1.2, 1.4]}")
            return {}
        spans = {
            key.text: self.read_span(value, f"engines: {key.text}", "mine: [1.2, 1.4]")
            for key, value in node.pairs
        }
        return {name: span for name, span in spans.items() if span is not None}

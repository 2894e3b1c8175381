"""The rows of a sweep: read, measured, chosen, and written as they come."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import PurePath
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from cnncost import api
from cnncost.cli import arch_reader
from cnncost.cli.output import open_destination, write_bytes
from cnncost.cli.scale import MeasureScale
from cnncost.cli.streams import show_progress
from cnncost.errors import CnncostError, Refused, make_printable
from cnncost.language import Spec
from cnncost.quantity import BYTES, OF_CONNECTIONS, TIME, TOTALS, parse_number
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.costs import Convention
    from cnncost.costs.shape_replay import ShapeReplay
    from cnncost.study.condition import Condition
    from cnncost.study.settings_sweep import Figure, SweepCase, SweepRow
    from cnncost.timing import Device
    from cnncost.views.sweep_page import SweepLayout

INPUT = "input"
"""The name of the axis of input shapes among the settings."""

COUNTS = (*TOTALS, *OF_CONNECTIONS)
"""The columns that are counts."""

STREAMED = ("csv", "tsv", "jsonl")
"""The formats whose lines are written as soon as they are known."""


def _text_name(arch: str) -> str:
    return "<stdin>" if arch == "-" else arch


class CaseMeasure:
    """Measures cases of a sweep; each network is read again under each case's settings."""

    def __init__(
        self,
        archs: Sequence[str],
        columns: Sequence[str],
        convention: "Convention",
        scale: MeasureScale,
        machine: "Device | None",
        max_layers: int,
        texts: Mapping[str, str],
        *,
        strict: bool,
    ) -> None:
        """`texts` are those of specs that are no files where the cases are measured."""
        self.columns, self.convention, self.scale = columns, convention, scale
        self.machine = machine
        self.readers = {
            arch: arch_reader.make_text_reader(texts[arch], _text_name(arch), max_layers)
            if arch in texts
            else arch_reader.make_reader(arch, max_layers, strict=strict)
            for arch in archs
        }
        self.bases: dict[str, Spec] = {}
        """The networks as their specs stand, where they were needed."""
        self.replay: tuple[tuple[str, ...], ShapeReplay | None] = ((), None)
        """The network of the last case whose input's extents alone may change, under the arch and
        params that it is of."""

    def read_base(self, arch: str) -> Spec:
        """Read a network as its spec stands."""
        if arch not in self.bases:
            self.bases[arch] = self.readers[arch]((), ())
        return self.bases[arch]

    def __call__(self, case: "SweepCase") -> "SweepRow":
        from cnncost.study.settings_sweep import SweepRow

        try:
            return self._measure(case)
        except CnncostError as trouble:
            return SweepRow(case, trouble=str(trouble))

    def _measure(self, case: "SweepCase") -> "SweepRow":
        from cnncost.accuracy import are_comparable, estimate_damage
        from cnncost.costs.metrics import Metrics, find_total
        from cnncost.study.settings_sweep import Figure, SweepRow
        from cnncost.views.damage_words import round_score
        from cnncost.views.sweep_page import DAMAGE

        if counted := self._replay_case(case):
            return counted
        spec = self._read_case(case)
        report = api.count(spec, **self.convention._asdict())
        found = None
        if self.machine is not None:
            found = api.time(spec, self.machine, self.scale.get("batch"))
        metrics = Metrics(spec.network, **self.scale)
        damage = None
        if DAMAGE in self.columns:
            base = self.read_base(case.arch).network
            if are_comparable(base, spec.network):
                damage = estimate_damage(base, spec.network)
        figures: dict[str, Figure | None] = {}
        for column in self.columns:
            if column == DAMAGE:
                figures[column] = damage and Figure(round_score(damage.score))
            elif column == TIME:
                figures[column] = found and Figure(found.picoseconds, found.complete)
            elif column in BYTES:
                exact = metrics.is_exact(column)
                figures[column] = Figure(metrics.compute_figure(column), exact)
            else:
                figures[column] = Figure(find_total(report.totals, column), report.complete)
        return SweepRow(
            case, report.network.name, figures, report.totals, report.unknown_layers, damage, found
        )

    def _replay_case(self, case: "SweepCase") -> "SweepRow | None":
        """Count a case from the network that the case before it had, where only extents differ and
        only counts are asked for; None where it must be read."""
        from cnncost.costs.metrics import find_total
        from cnncost.study.settings_sweep import Figure, SweepRow

        shape = case.settings.get(INPUT, "")
        if not shape or not all(column in COUNTS for column in self.columns):
            return None
        params = [f"{name}={value}" for name, value in case.settings.items() if name != INPUT]
        key = (case.arch, *params)
        if self.replay[0] != key:
            self.replay = (key, self._make_replay(case.arch, params))
        replay = self.replay[1]
        extents = replay and _read_extents(shape, replay.network.inputs[0].output)
        if not replay or not extents:
            return None
        try:
            totals = replay.count_totals(extents)
        except Refused:
            return None  # reading it says where, and why
        figures = {
            column: Figure(find_total(totals, column), not replay.unknown)
            for column in self.columns
        }
        return SweepRow(case, replay.network.name, figures, totals, replay.unknown)

    def _make_replay(self, arch: str, params: Sequence[str]) -> "ShapeReplay | None":
        """Read a network under its params; None if it may change with its input's extents, as an
        import may, or cannot be read over its own input."""
        from cnncost.costs.shape_replay import ShapeReplay

        try:
            spec = self.readers[arch](params, ())
        except CnncostError:
            return None
        made = ShapeReplay(spec.network, self.convention)
        return made if made.follows_extents and not spec.paths else None

    def _read_case(self, case: "SweepCase") -> Spec:
        params = [f"{name}={value}" for name, value in case.settings.items() if name != INPUT]
        shape = case.settings.get(INPUT, "")
        if _is_side(shape):
            shape = self._square_shape(case.arch, shape)
        return self.readers[case.arch](params, [shape] if shape else ())

    def _square_shape(self, arch: str, side: str) -> str:
        """Return the shape of the network's own channels and axes, each of so many positions."""
        inputs = self.read_base(arch).network.inputs
        shape = inputs[0].output
        if len(inputs) > 1 or not shape.extents:
            raise CnncostError(f"{arch}: --input {side}: a whole shape is due", "as in 3x192x192")
        return "x".join([str(shape.channels), *[side] * len(shape.extents)])


def _is_side(text: str) -> bool:
    return re.fullmatch("[0-9]{1,6}", text) is not None


def _read_extents(text: str, stands: Shape) -> tuple[int, ...] | None:
    """Read a shape's extents; None unless it has the channels and axes of the one that stands."""
    axes = len(stands.extents)
    parts = [str(stands.channels), *[text] * axes] if _is_side(text) else text.split("x")
    if not all(map(_is_side, parts)):
        return None
    channels, *extents = map(int, parts)
    whole = channels == stands.channels and len(extents) == axes > 0 and all(extents)
    return tuple(extents) if whole else None


class SweepWish(NamedTuple):
    """Which rows are written, and where."""

    form: str
    output: str
    force: bool
    picture: bool
    order: tuple[str, ...]
    rivals: tuple[str, ...]


class SweepRows:
    """The rows that meet the conditions, as they come; troubles are said at once."""

    def __init__(
        self,
        found: "Iterator[SweepRow]",
        count: int,
        conditions: "Sequence[Condition]",
        *,
        several: bool,
    ) -> None:
        """Rows are `found` one after another, `count` of them, of `several` networks or of one."""
        self.found, self.count, self.conditions = found, count, conditions
        self.several = several
        self.troubled = self.interrupted = False

    def __iter__(self) -> "Iterator[SweepRow]":
        """Yield the rows; Ctrl-C ends them, and what was found so far stays."""
        shown = monotonic()
        try:
            for done, row in enumerate(self.found, 1):
                if monotonic() > shown + 0.2:
                    shown = monotonic()
                    show_progress(f"{done:,} of {self.count:,}")
                if row.trouble:
                    self._say_trouble(row)
                elif all(_meets(row, one) for one in self.conditions):
                    yield row
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            show_progress("")

    def _say_trouble(self, row: "SweepRow") -> None:
        self.troubled = True
        named = [f"{name}={value}" for name, value in row.case.settings.items()]
        arch = [row.case.arch] if self.several else []
        sys.stderr.write(f"{make_printable(', '.join([*arch, *named]))}: {row.trouble}\n")


def _meets(row: "SweepRow", condition: "Condition") -> bool:
    """Return whether a row surely meets a condition on a figure or a setting."""
    if condition.word in row.case.settings:
        value = parse_number(row.case.settings[condition.word])
        return value is not None and condition.holds(value)
    figure = row.figures.get(condition.word)
    # What is only bounded from below may be more, and is surely more than a lower amount.
    sure = figure is not None and (figure.exact or condition.sign in (">", ">="))
    return figure is not None and sure and condition.holds(Fraction(figure.amount))


def write_rows(
    rows: SweepRows, wish: SweepWish, settings: list[str], layout: "SweepLayout"
) -> None:
    """Write rows as they come where the format lets them, else all of them together."""
    from cnncost.views.page_writers import write_records, write_results
    from cnncost.views.sweep_page import row_record, sweep_header, sweep_results, write_row_line

    streamed = wish.form in STREAMED and not (wish.order or wish.rivals)
    found = rows if streamed else _choose_rows(list(rows), wish)
    if wish.picture:
        _draw_rows(list(found), wish, layout)
        return
    with open_destination(wish.output, force=wish.force) as file:
        if wish.form == "jsonl":
            for row in found:
                write_row_line(file, row, layout)
                _flush(file.flush)
        elif wish.form in STREAMED:
            separator = "," if wish.form == "csv" else "\t"
            write_records(file, [sweep_header(settings, layout)], separator)
            for row in found:
                write_records(file, [row_record(row, layout)], separator)
                _flush(file.flush)
        else:
            write_results(file, sweep_results(list(found), settings, layout), wish.form)


def _flush(flush: Callable[[], None]) -> None:
    """Hand a line to whoever reads along; a file that is no stream is flushed when it is closed."""
    with suppress(ValueError):
        flush()


def _choose_rows(rows: "list[SweepRow]", wish: SweepWish) -> "list[SweepRow]":
    from cnncost.study.settings_sweep import find_efficient

    if wish.rivals:
        rows = find_efficient(rows, wish.rivals)
    for column in wish.order:
        rows = sorted(rows, key=lambda row: _amount(row.figures[column]), reverse=True)
    return rows


def _amount(figure: "Figure | None") -> float:
    return float("-inf") if figure is None else float(figure.amount)


def _draw_rows(rows: "list[SweepRow]", wish: SweepWish, layout: "SweepLayout") -> None:
    import io

    from cnncost.views.draw.sweep_plot import draw_sweep

    if len(layout.columns) < 2:
        raise CnncostError("a plot needs two columns", "as in --columns weights,damage")
    drawn = io.BytesIO()
    draw_sweep(drawn, rows, layout, PurePath(wish.output).suffix[1:].lower())
    write_bytes(wish.output, drawn.getvalue(), force=wish.force)

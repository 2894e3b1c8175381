"""What a sweep measures of one network under one combination of settings."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnncost import api
from cnncost.cli import arch_reader
from cnncost.cli.scale import MeasureScale
from cnncost.errors import CnncostError, Refused
from cnncost.language import Spec
from cnncost.quantity import BYTES, OF_CONNECTIONS, TIME, TOTALS
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.costs import Convention
    from cnncost.costs.shape_replay import ShapeReplay
    from cnncost.study.settings_sweep import SweepCase, SweepRow
    from cnncost.timing import Device

INPUT = "input"
"""The name of the axis of input shapes among the settings."""

COUNTS = (*TOTALS, *OF_CONNECTIONS)
"""The columns that are counts."""


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
            arch: arch_reader.make_reader(arch, max_layers, strict=strict, text=texts.get(arch))
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
        """Return the shape of the network's own channels and axes, each of so many positions; of a
        vector, its length."""
        inputs = self.read_base(arch).network.inputs
        shape = inputs[0].output
        if not shape.extents:
            return side
        if len(inputs) > 1:
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

"""Write a plan to a file, with what the user is told of it."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncost.cli.output import open_destination
from cnncost.cli.scale import MeasureScale, compose_check_command
from cnncost.errors import CnncostError
from cnncost.plans.edits.meter import Meter
from cnncost.plans.search.plan import Plan
from cnncost.plans.suggestion.answer import Suggestion
from cnncost.plans.suggestion.plan_file import PlanWriter, move_schema, schema_path
from cnncost.quantity import TIME

if TYPE_CHECKING:
    from cnncost.cli.board_target import BoardTarget


class PlanDestination(NamedTuple):
    """Where a plan is written to."""

    arch: str
    """What was edited, as the command line calls it."""
    write: str
    """The file to write, or - for standard output."""
    force: bool
    scale: MeasureScale
    device: str = ""
    """As the command line calls it; empty where no time is limited."""
    target: "BoardTarget | None" = None


def write_plan(writer: PlanWriter, plan: Plan, destination: PlanDestination) -> None:
    """Write a plan's spec, and say so on standard error."""
    write = destination.write
    with open_destination(write, force=destination.force) as file:
        file.write(_mend_schema(writer.write(plan), destination.arch, write))
    if write != "-":
        sys.stderr.write(f"wrote {write}\n")
    asked = {budget.user_word: budget.asked for budget in writer.held}
    unwritten = writer.metrics_left_out()
    if destination.target and destination.target.is_patched and not unwritten:
        words = destination.target.compose_fit_command(write, asked)
        sys.stderr.write(f"patches: a file has none; this checks it with them:\n  {words}\n")
    if unwritten:
        words = compose_check_command(write, asked, destination.scale, destination.device)
        if destination.target:
            words = destination.target.compose_fit_command(write, asked)
        sys.stderr.write(f"{_describe_left_out(unwritten, writer.editable.meter)}:\n  {words}\n")


def _describe_left_out(unwritten: Sequence[str], meter: Meter) -> str:
    """Say why a file does not carry some budgets, and at what scale a command checks them."""
    if TIME not in unwritten:
        why, scale = "is held at batch 1 in fp32", meter.scale
    elif unwritten[1:]:
        why = "is held at batch 1 in fp32 and has no time"
        scale = f"{meter.scale}; time {meter.time_scale}"
    else:
        why, scale = "has no time", meter.time_scale
    kept = "checks" if TIME in unwritten else "holds"
    at = scale if scale.startswith("on ") else f"at {scale}"
    return f"{', '.join(unwritten)}: a file's own budget {why}; this {kept} it {at}"


def pick_alternative(found: Suggestion, pick: str) -> Plan:
    """Return the plan of this number of those that are listed beside the suggested one.

    Raises:
        CnncostError: no plan has the number.
    """
    listed = found.alternatives
    if pick.isdecimal() and 1 <= int(pick) <= len(listed):
        return listed[int(pick) - 1]
    if not listed:
        hint = "no other plan was found: drop --pick"
    else:
        hint = f"1 to {len(listed)}, as they stand under 'Instead of it'"
    raise CnncostError(f"--pick {pick}: no other plan has this number", hint)


def compose_write_command(arch: str, words: Sequence[str]) -> str:
    """Compose the command line that was given, with a file to write the plan to."""
    name = Path(arch).stem if arch != "-" else "net"
    return shlex.join(["cnncost", *words, "--write", f"{name}_plan.yaml"])


def _mend_schema(text: str, arch: str, write: str) -> str:
    """Return the text with its schema's path as seen from the written file; without it where the
    schema is not found."""
    path, source = schema_path(text), Path("." if arch == "-" else arch)
    if not path:
        return text
    folder = source if arch == "-" else source.parent
    found = source.exists() and (folder / path).is_file()
    target = Path("." if write == "-" else write).parent
    return move_schema(text, os.path.relpath(folder / path, target) if found else "")

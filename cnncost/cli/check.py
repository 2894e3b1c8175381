"""`cnncost check`: check that specs are valid and that their figures hold; made for CI."""

import sys
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost import api
from cnncost.cli import arch_reader, device_options, options
from cnncost.cli.check_table import (
    TableWish,
    check_table,
    refuse_with_table,
    refuse_without_table,
)
from cnncost.cli.output import open_destination, refuse_existing, write_bytes
from cnncost.cli.scale import collect_scale, refuse_idle
from cnncost.errors import CnncostError, make_printable
from cnncost.language import MAX_LAYERS
from cnncost.quantity import TIME, parse_budget, parse_seconds, refuse_same_metric, split_metric

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost.costs.promises import TimeLimit
    from cnncost.language import Spec
    from cnncost.timing import Device
    from cnncost.views.check_lines import CheckedFile

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost check nets/*.yaml

cnncost check net.yaml --budget weights=20M --budget connections=500M

cnncost check net.yaml --budget training-memory=1GiB --batch 16 --optimizer adam

cnncost check net.yaml --budget time=2ms --device rtx4090

cnncost check nets/*.yaml --format junit -o report.xml

cnncost check nets/*.yaml --ratchet

cnncost check alexnet --table answers.csv

cnncost check lenet5 --biases --table - < pasted.txt"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def check(
    archs: Annotated[
        list[str],
        options.archs_argument("ARCH...", "Specs' files, bundled networks' names, or -."),
    ],
    *,
    form: Annotated[
        str,
        options.form_option(
            "table",
            "json",
            "junit",
            "github",
            text="How it is written: one line per file, or for programs; github adds annotations.",
        ),
    ] = "table",
    output: options.Output = "-",
    force: options.Force = False,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=AMOUNT",
            help="A limit, as weights=20M, in place of the spec's. Repeatable.",
        ),
    ] = None,
    ratchet: Annotated[
        bool,
        typer.Option(
            "--ratchet", help="Where all holds, lower a file's own budgets to what it takes."
        ),
    ] = False,
    table: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Check a filled-in table of counts (Markdown, CSV, pasted) instead; - is "
            "standard input.",
        ),
    ] = "",
    biases: Annotated[
        bool, typer.Option("--biases", help="With --table: uses of biases are connections too.")
    ] = False,
    exclude_padding: Annotated[
        bool,
        typer.Option(
            "--exclude-padding", help="With --table: connections to zero padding don't count."
        ),
    ] = False,
    device: device_options.DeviceName = "",
    batch: options.Batch = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            "--dtype",
            metavar="fp32|fp16|bf16|int8|int4",
            help="Of all numbers; bytes only. int4: weights of 4 bits, for flash.",
            show_default="fp32",
        ),
    ] = None,
    optimizer: options.Optimizer = None,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Check that specs are valid and that their expect and budget hold, one line per file.

    Every file is checked. Exit code 0: all hold; 1: a figure or budget is missed; 2: a spec
    is wrong or missing. Bytes are those of batch 1, fp32 and plain SGD unless options say
    otherwise, a spec's own budget of bytes too; sram and flash are int8. A budget of time,
    time=2ms, is compared with the estimate for --device. What is expected is expected of the
    network as its file has it: with --set or --input, budgets alone are held. --table compares
    a table's numbers cell by cell, and says which known slip leads to a wrong one; a rounded
    one, 105.4M, is right where the right one rounds to it.
    """
    wish = TableWish(table, form, biases, exclude_padding)
    if table:
        others: dict[str, object] = {
            "--budget": budget,
            "--ratchet": ratchet,
            "--device": device,
            "--batch": batch,
        }
        others |= {"--dtype": dtype, "--optimizer": optimizer}
        refuse_with_table(archs, wish, others)
        refuse_existing(output, force=force)
        spec = arch_reader.load_spec(archs[0], settings, shapes, max_layers, strict=strict)
        raise typer.Exit(int(not check_table(spec, wish, output, force=force)))
    refuse_without_table(wish)
    from cnncost.costs.memory.embedded import give_types
    from cnncost.costs.promises import compare_budget, compare_expected
    from cnncost.views.check_lines import CheckedFile, check_line
    from cnncost.views.check_reports import REPORTS

    budgets, longest = _read_budgets(budget or ())
    narrow = dtype == "int4"  # of flash alone
    scale = collect_scale(batch, None if narrow else dtype, optimizer)
    machine = device_options.load_wanted_device(device, "a budget of time" if longest else "")
    judged = scale.copy()
    if machine is not None:
        judged.pop("batch", None)  # which time depends on, whatever else does
    if budget:
        refuse_idle(judged, budgets)
        _refuse_idle_bits(budgets, narrow=narrow)
    if ratchet and narrow:
        raise CnncostError("--ratchet keeps a file's own types", "drop --dtype int4")
    if ratchet:
        _check_ratchet(archs, budget=budget, changed=[*(settings or ()), *(shapes or ())])
    refuse_existing(output, force=force)

    def check_file(arch: str) -> CheckedFile:
        path, name = "", make_printable(arch)
        try:
            path = arch if arch != "-" and api.path_exists(arch) else ""
            spec = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict)
            if narrow:
                spec = replace(spec, network=give_types(spec.network, "int4"))
            limits = compare_budget(spec, budgets if budget else spec.budget, **scale)
            times = _compare_time(spec, longest, machine, batch)
            # What is expected, is expected of the network as its file has it.
            expected = () if settings or shapes else compare_expected(spec)
            return CheckedFile(name, path, spec, expected, limits, times)
        except CnncostError as error:
            sys.stderr.write(f"{error}\n")
            return CheckedFile(name, path, None, error=error)

    found: list[CheckedFile] = []
    with open_destination(output, force=force) as file:
        for arch in archs:
            found.append(check_file(arch))
            if form == "table":
                file.write(f"{check_line(found[-1])}\n")
            if ratchet and found[-1].holds:
                _lower_budgets(found[-1])
        if form != "table":
            REPORTS[form](file, found)
    wrong = any(one.error for one in found)
    if not wrong:
        limited = [limit.metric for one in found for limit in one.limits]
        refuse_idle(judged, limited)
        _refuse_idle_bits(limited, narrow=narrow)
    raise typer.Exit(2 if wrong else int(not all(one.holds for one in found)))


def _refuse_idle_bits(metrics: Collection[str], *, narrow: bool) -> None:
    """Refuse weights of four bits where no budget is of flash."""
    if narrow and "flash" not in metrics:
        raise CnncostError("--dtype int4 changes no figure here", "it is for a budget of flash")


def _compare_time(
    spec: "Spec", longest: "Fraction | None", machine: "Device | None", batch: int | None
) -> "tuple[TimeLimit, ...]":
    from cnncost.costs.promises import TimeLimit

    if longest is None or machine is None:
        return ()
    return (TimeLimit(longest, api.time(spec, machine, batch)),)


def _check_ratchet(archs: list[str], *, budget: list[str] | None, changed: list[str]) -> None:
    """Refuse to lower budgets that do not stand in a file, or figures of another network."""
    if budget:
        raise CnncostError("--ratchet lowers a spec's own budgets", "drop --budget")
    if changed:
        raise CnncostError("--ratchet takes a network as its file has it", f"drop {changed[0]}")
    for arch in archs:
        if arch == "-" or not api.path_exists(arch):
            what = "standard input" if arch == "-" else f"{arch}, which is no file,"
            raise CnncostError(f"--ratchet: {what} cannot be changed", "name a spec's file")


def _lower_budgets(file: "CheckedFile") -> None:
    """Write a file's budgets anew where the network takes less, and say so."""
    from cnncost.study.ratchet import lower_budgets

    if file.spec is None or file.spec.paths:
        return
    text, lowered = lower_budgets(file.spec, file.limits)
    if lowered:
        write_bytes(file.path, text.encode(), force=True)
    for one in lowered:
        sys.stderr.write(f"{file.name}: budget of {one.metric} {one.before:,} -> {one.after:,}\n")


def _read_budgets(
    texts: list[str] | tuple[()],
) -> "tuple[dict[str, int], Fraction | None]":
    """Read the budgets that are counted, and the longest time if there is one."""
    budgets: dict[str, int] = {}
    longest: Fraction | None = None
    for text in texts:
        if split_metric(text)[0].strip() == TIME:
            refuse_same_metric(TIME, [TIME] if longest is not None else [])
            longest = parse_seconds(split_metric(text)[1])
            continue
        metric, amount = parse_budget(text)
        refuse_same_metric(metric, budgets)
        budgets[metric] = amount
    return budgets, longest

"""The bundled networks as a list: each published figure beside the computed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from cnncost.costs.check import Figure, figures
from cnncost.spec import Spec

HEADER = ("network", "input", "figure", "published", "computed", "source")


def write(file: TextIO, specs: Mapping[str, Spec], form: str) -> None:
    """Write the list in one of the formats table, csv, json, markdown."""
    if form == "json":
        import json

        json.dump([_object(name, spec) for name, spec in specs.items()], file, indent=2)
        file.write("\n")
    elif form == "csv":
        import csv

        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for name, spec in specs.items():
            for figure in figures(spec):
                cells = (name, _inputs(spec), _named(spec, figure))
                writer.writerow([*cells, figure.published, figure.computed, spec.network.source])
    elif form == "markdown":
        file.write("| network | input | figure | published | computed |\n")
        file.write("| --- | --- | --- | ---: | ---: |\n")
        for name, spec in specs.items():
            for figure in figures(spec):
                named = f"{name} | {_inputs(spec)} | {_named(spec, figure)}"
                file.write(f"| {named} | {figure.published:,} | {figure.computed:,} |\n")
    else:
        _write_table(file, specs)


def _inputs(spec: Spec) -> str:
    return "+".join(str(node.output) for node in spec.network.inputs)


def _named(spec: Spec, figure: Figure) -> str:
    """The quantity, and the convention where it is not the default."""
    expect = spec.expect
    if expect is None or figure.quantity != "connections":
        return figure.quantity
    told = " (biases)" * expect.biases + " (no padding)" * expect.exclude_padding
    return figure.quantity + told


def _object(name: str, spec: Spec) -> dict[str, object]:
    held = figures(spec)
    return {
        "name": name,
        "title": spec.name,
        "source": spec.network.source,
        "inputs": {node.name: list(node.output.dims) for node in spec.network.inputs},
        "biases": spec.expect is not None and spec.expect.biases,
        "published": {figure.quantity: figure.published for figure in held},
        "computed": {figure.quantity: figure.computed for figure in held},
    }


def _write_table(file: TextIO, specs: Mapping[str, Spec]) -> None:
    from cnncost.views.grid import Grid

    grid = Grid(("network", "figure", "published", "computed"), numeric=(2, 3))
    for name, spec in specs.items():
        held = figures(spec)
        for figure in held:
            grid.add(
                name if figure is held[0] else "",
                _named(spec, figure),
                f"{figure.published:,}",
                f"{figure.computed:,}" if figure.holds else f"DIFFERS: {figure.computed:,}",
            )
    grid.write(file, ["cnncost zoo NAME prints a spec, cnncost table NAME counts it."])

"""The writers of a command's results, one per format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from cnncost.views.page import Compact, Results


def _write_terminal(file: TextIO, results: Results) -> None:
    from cnncost.views.grid import write_page

    write_page(file, results.page())


def _write_csv(file: TextIO, results: Results) -> None:
    write_records(file, results.records(), ",")


def _write_tsv(file: TextIO, results: Results) -> None:
    write_records(file, results.records(), "\t")


def _write_json(file: TextIO, results: Results) -> None:
    write_data(file, results.data())


def _write_markdown(file: TextIO, results: Results) -> None:
    from cnncost.views.markup import page_markdown

    file.write(page_markdown(results.page()))


def _write_latex(file: TextIO, results: Results) -> None:
    from cnncost.views.markup import page_latex

    file.write(page_latex(results.page()))


def _write_html(file: TextIO, results: Results) -> None:
    from cnncost.views.markup import page_html

    file.write(page_html(results.page()))


WRITERS: dict[str, Callable[[TextIO, Results], None]] = {
    "table": _write_terminal,
    "csv": _write_csv,
    "tsv": _write_tsv,
    "json": _write_json,
    "markdown": _write_markdown,
    "latex": _write_latex,
    "html": _write_html,
}
"""The writer of each format by its name: `--format` takes these words."""


def write_results(file: TextIO, results: Results, form: str) -> None:
    """Write the results in one of the formats of `WRITERS`."""
    if own := results.own.get(form):
        own(file)
    else:
        WRITERS[form](file, results)


def write_records(file: TextIO, records: Iterable[Sequence[object]], separator: str) -> None:
    """Write one line per record, each as soon as it is there."""
    import csv

    csv.writer(file, delimiter=separator, lineterminator="\n").writerows(records)


def write_data(file: TextIO, data: object) -> None:
    """Write JSON."""
    import json

    if not isinstance(data, Compact):
        json.dump(data, file, indent=2)
        file.write("\n")
        return
    entries = {key: json.dumps(value) for key, value in data.items()}
    if isinstance(layers := data["layers"], list) and layers:
        lines = ",\n".join(f"    {json.dumps(layer)}" for layer in layers)
        entries["layers"] = f"[\n{lines}\n  ]"
    file.write("{\n" + ",\n".join(f'  "{key}": {text}' for key, text in entries.items()) + "\n}\n")

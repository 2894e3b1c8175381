"""Count timm's networks as cnncost's time does: a row of figures for each network of `speed.csv`.

    pip install torch==2.13.0
    pip install --no-deps torchvision==0.28.0 timm==1.0.31 huggingface_hub safetensors
    python benchmarks/timm_figures.py EVIDENCE FIGURES.csv [--share 1/2]

EVIDENCE is the folder of `speed.py`. Each of its convolutional networks, the least work first, is
built without memory for weights, traced at the size that it was measured with, written as a spec,
read and counted by cnncost. FIGURES.csv gets a row for each at once: the sum of each term over the
layers, or why there is none. Rows that are there already are kept, so that a run goes on where one
was stopped; `--share 1/2` and `2/2`, with a file each, do every second network.
"""

from __future__ import annotations

import argparse
import csv
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from speed_rows import SETUPS, find_family

from cnncost.costs import LayerCount
from cnncost.timing.time_columns import count_layers, sum_column

COUNTED = (
    *("connections", "depthwise_connections", "units", "other_units", "window_reads"),
    *("layers", "parameters"),
)
"""The terms of `cnncost.timing` that a row has sums of."""

FIELDS = ("model", "img_size", *COUNTED, "why_not")
SECONDS = 90
"""The longest that one network may take."""


class TooLong(Exception):
    """Raised in the midst of a network that takes longer than `SECONDS`."""


@contextmanager
def limit_seconds(seconds: int) -> Iterator[None]:
    """Raise `TooLong` where the body takes longer."""

    def stop(*_: object) -> None:
        raise TooLong(f"more than {seconds} seconds")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def list_networks(path: Path) -> list[dict[str, str]]:
    """List the convolutional networks of some set-up, each once at each size, the least first."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if find_family(row["model"]) and any(row[setup] for setup in SETUPS)
        ]
    once = {(row["model"], row["img_size"]): row for row in rows}
    return sorted(once.values(), key=lambda row: float(row["macts_m"]))


def read_network(model: str, size: int) -> tuple[LayerCount, ...]:
    """Count the layers of one of timm's networks, built, traced and read at a size.

    Raises:
        CnncostError: torch.export or cnncost cannot read it.
        ValueError: it has layers of unknown costs.
    """
    from torch_in import build

    from cnncost.api import load_graph
    from cnncost.formats.torch_in.torch_trace import trace_module

    made = build({"source": "timm", "model": model})
    graph = trace_module(made, model, {"input": (3, size, size)})
    rows = count_layers(load_graph(graph, model).network)
    if not all(row.known for row in rows):
        raise ValueError(f"of unknown costs: {'; '.join(graph.unknown[:2])}")
    return rows


def count_network(model: str, size: int) -> Mapping[str, str | int]:
    """Sum a network's figures as cnncost counts them, or say why it cannot."""
    try:
        with limit_seconds(SECONDS):
            rows = read_network(model, size)
    except Exception as error:  # of timm, of PyTorch, or ours
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        return {"why_not": said[:200]}
    return {term: sum_column(rows, term) for term in COUNTED}


def read_done(path: Path) -> list[dict[str, str]]:
    """Read the rows of an earlier run; none if there is no file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Write the row of each network of a share that is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("evidence", type=Path)
    parser.add_argument("figures", type=Path)
    parser.add_argument("--share", default="1/1", help="which part of the networks, as in 1/2")
    given = parser.parse_args()
    part, parts = map(int, given.share.split("/"))
    done = {(row["model"], row["img_size"]) for row in read_done(given.figures)}
    with given.figures.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if not done:
            writer.writeheader()
        for row in list_networks(given.evidence / "speed.csv")[part - 1 :: parts]:
            key = {"model": row["model"], "img_size": row["img_size"]}
            if tuple(key.values()) not in done:
                writer.writerow({**key, **count_network(row["model"], int(row["img_size"]))})
                file.flush()


if __name__ == "__main__":
    main()

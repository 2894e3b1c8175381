"""Specs, settings, inputs and expressions drawn as wildly as users write them.

    python tests/fuzz_specs.py --seed 1 --count 2000

Held: a spec is read or refused with a message; totals are the sums of their rows; a command ends
with 0, 1 or 2 and its JSON parses. The first case that breaks one is printed, and can be drawn
again by its seed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import cnncost
from cnncost.cli.main import app
from cnncost.cli.options import parse_settings, parse_shapes
from cnncost.costs.memory import measure_memory
from cnncost.errors import CnncostError
from cnncost.layers import FAMILIES, TYPES

COMMANDS = (
    "table {} -f json", "table {} --all -f json --memory", "table {} --training -f json",
    "table {}", "table {} -f markdown", "table {} -f latex --biases", "explain {}",
    "check {} --budget weights=20M", "memory {} -f json", "memory {}",
    "compare {} {} -f json", "sweep {} --set n=1,2,0.5 -f json",
)  # fmt: skip
SUMMED = ("units", "weights", "biases", "parameters", "connections")
WORDS = sorted(TYPES)
KEYS = ("kernel", "stride", "padding", "dilation", "groups", "bias", "ceil", "name", "from",
        "repeat", "share", "frozen", "output_padding", "multiplier", "size", "mode")  # fmt: skip
NUMBERS = ("0", "1", "2", "3", "4", "7", "8", "16", "-1", "2.5", "20M", "1e6", "010", "1_0", "٣",
           "9" * 30, "1e999", "true", "~", "''", "same", "n", "channels")  # fmt: skip
PLAIN = ("global_avgpool", "{dropout: 0.5}", "{lrn: 5}", "{upsample: 2}", "{prelu, shared: true}",
         "{depthwise_conv: 3, padding: same}", "{maxpool: 2, ceil: true}", "scale")  # fmt: skip
STRUCTURES = ("{residual: [%s]}", "{parallel: [[%s], []]}", "{sequence: [%s], repeat: 2}",
              "{densely: [%s], times: 2}")  # fmt: skip
SIGNS = ("+", "-", "*", "/", "//", "**", "%")
FUNCTIONS = ("min", "max", "round", "floor", "ceil", "multiple", "sqrt", "")
NOISE = (
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "'",
    '"',
    "-",
    " ",
    "\t",
    "\n",
    "#",
    "&a",
    "*a",
    "\0",
    "é",
    "0",
)


class Drawing(random.Random):
    """What a case is drawn with: how often it leaves what is likely right."""

    wild = 1.0

    def strays(self) -> bool:
        return self.random() < self.wild


class Case(NamedTuple):
    """What is fed to the library and the command."""

    text: str
    settings: list[str]
    shapes: list[str]


def an_expression(rng: Drawing, depth: int = 0) -> str:
    """An expression, or what somebody takes for one."""
    if depth > 3 or rng.random() < 0.4:
        return rng.choice(NUMBERS)
    if rng.random() < 0.5:
        inner = [an_expression(rng, depth + 1) for _ in range(rng.randint(0, 3))]
        return f"{rng.choice(FUNCTIONS)}({', '.join(inner)})"
    times = rng.choice([1, 1, 2, 90])
    one = an_expression(rng, depth + 1)
    return one + f" {rng.choice(SIGNS)} {an_expression(rng, depth + 2)}" * times


def a_value(rng: Drawing) -> str:
    """A number mostly, else an expression, a list or pairs."""
    dice = rng.random() if rng.strays() else 0.0
    if dice < 0.6:
        return str(rng.choice([1, 1, 2, 3, 3, 4, 5, 8, 16]))
    if dice < 0.75:
        return f'"{an_expression(rng)}"' if rng.random() < 0.7 else an_expression(rng)
    if dice < 0.9:
        return str([rng.randint(0, 4) for _ in range(rng.randint(1, 3))])
    return str([[rng.randint(0, 3), rng.randint(0, 3)] for _ in range(rng.randint(1, 3))])


def a_layer(rng: Drawing, depth: int = 0) -> str:
    """One line, likely right."""
    dice = rng.random()
    if dice < 0.3:
        kernel = rng.choice([1, 1, 3, 5])
        padding = a_value(rng) if rng.strays() else kernel // 2
        return f"{{conv: {a_value(rng)}, kernel: {kernel}, padding: {padding}}}"
    if dice < 0.4:
        ceil = rng.choice(["true", "false"])
        sizes = f"{a_value(rng)}, stride: {a_value(rng)}"
        return f"{{{rng.choice(['max', 'avg'])}pool: {sizes}, ceil: {ceil}}}"
    if dice < 0.5:
        return rng.choice([*FAMILIES["activation"], *FAMILIES["normalisation"], "flatten"])
    if dice < 0.6 and depth < 3:
        inner = ", ".join(a_layer(rng, depth + 1) for _ in range(rng.randint(not rng.strays(), 3)))
        return rng.choice(STRUCTURES) % inner
    if dice < 0.7:
        return rng.choice(["{b: 4}", "{b: 8, k: 3}", "b", "{dense: 10}", "{linear: n}"])
    if not rng.strays():
        return rng.choice(PLAIN)
    word = rng.choice(WORDS)
    keys = {rng.choice(KEYS): a_value(rng) for _ in range(rng.randint(0, 3))}
    rest = "".join(f", {key}: {value}" for key, value in keys.items())
    return f"{{{word}: {a_value(rng)}{rest}}}"


def a_shape(rng: Drawing) -> list[int]:
    """One to four dimensions, now and then five or none that is right."""
    count = rng.choice([1, 2, 3, 3, 3, 3, 4, 5]) if rng.strays() else 3
    if not rng.strays():
        return [rng.choice([1, 3, 8]), *(rng.choice([9, 16, 28, 32]) for _ in range(count - 1))]
    return [rng.choice([1, 3, 8, 9, 16, 28, 32, 0, 3]) for _ in range(count)]


def draw(rng: Drawing) -> Case:
    """A case: a spec, mutated now and then, and what the command line sets."""
    rng.wild = rng.choice([0.0, 0.0, 0.02, 0.1, 1.0])
    several = f"{{left: {a_shape(rng)}, right: {a_shape(rng)}}}"
    lines = [
        f"input: {several if rng.random() < 0.1 * rng.wild else a_shape(rng)}",
        "params: {n: 4}",
    ]
    lines += [
        "blocks:",
        "  b(f, k=1):",
        "    - {conv: f, kernel: k, padding: k // 2}",
        "    - relu",
    ]
    lines += ["layers:", *(f"  - {a_layer(rng)}" for _ in range(rng.randint(not rng.strays(), 6)))]
    if rng.random() < 0.2:
        lines.append(
            f"budget: {{weights: {rng.choice(NUMBERS)}, sram: {rng.choice(['1KiB', '3'])}}}"
        )
    text = "\n".join(lines) + "\n"
    if rng.random() < 0.3 * (rng.wild > 0):
        text = mutated(rng, text)
    settings = [f"n={rng.choice(NUMBERS)}"] if rng.random() < 0.2 else []
    shapes = ["x".join(map(str, a_shape(rng)))] if rng.random() < 0.2 else []
    return Case(text, settings, shapes)


def mutated(rng: Drawing, text: str) -> str:
    """The text with some of its characters deleted, doubled or others put in."""
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(text) + 1), rng.randint(0, 3)
        text = text[:at] + rng.choice([*NOISE, text[at : at + 9]]) + text[at + length :]
    return text or "\n"


def check_library(case: Case) -> bool:
    """Read, count, weigh; whether the spec is right."""
    try:
        given = parse_settings(case.settings), parse_shapes(case.shapes)
        spec = cnncost.loads(case.text, name="net.yaml", params=given[0], inputs=given[1])
    except CnncostError:
        return False
    for convention in ({}, {"biases": True}, {"exclude_padding": True}):
        report = cnncost.count(spec, **convention)
        for name in SUMMED:
            of_rows = sum(getattr(row, name) or 0 for row in report.layers if adds_up(name, row))
            assert getattr(report.totals, name) == of_rows, name
    measure_memory(spec.network)
    return True


def adds_up(name: str, row: object) -> bool:
    """Units are those of counted layers; all else is every layer's."""
    return name != "units" or bool(getattr(row, "counted", False))


def check_command(case: Case, words: str, folder: Path) -> None:
    """One command in this process: how it ends, and what it prints."""
    path = folder / "net.yaml"
    path.write_text(case.text, encoding="utf-8")
    arguments = words.replace("{}", str(path)).split()
    if "sweep" not in words:
        arguments += [f"--set={text}" for text in case.settings]
        arguments += [f"--input={text}" for text in case.shapes]
    out, trouble, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(trouble):
        try:
            app(arguments, prog_name="cnncost")
        except CnncostError:
            code = 2
        except SystemExit as end:
            code = int(end.code or 0)
    assert code in (0, 1, 2), code
    assert "Traceback" not in trouble.getvalue()
    if "json" in words and code == 0:
        json.loads(out.getvalue())


def run(seed: int, count: int, every: int = 20) -> int:
    """Check that many cases, every so many of them by the whole command; how many were right."""
    right = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            rng = Drawing(f"{seed} {number}")
            case = draw(rng)
            try:
                right += check_library(case)
                if number % every == 0:
                    check_command(case, rng.choice(COMMANDS), Path(folder))
            except Exception as error:
                error.add_note(
                    f"seed {seed}, case {number}:\n{case.text}{case.settings}{case.shapes}"
                )
                raise
    return right


def main() -> None:
    """The script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--every", type=int, default=20, help="one command in so many cases")
    given = parser.parse_args()
    right = run(given.seed, given.count, given.every)
    sys.stdout.write(f"{given.count} cases, {right} of them right specs\n")


if __name__ == "__main__":
    main()

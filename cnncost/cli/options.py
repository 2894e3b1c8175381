"""Options that several commands have, and the functions that read them."""

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.models import ArgumentInfo, OptionInfo

from cnncost import bundled, formats
from cnncost.errors import CnncostError
from cnncost.quantity import parse_number
from cnncost.views.page_writers import WRITERS

if TYPE_CHECKING:
    pass

Numbers = dict[str, int | Fraction]

MOST = 10**9
"""The largest number that an option takes; nobody needs more."""


def complete_arch(incomplete: str) -> list[str]:
    """List the bundled networks, files of networks and directories that begin with a text."""
    endings = {".yaml", ".yml", *formats.readable_suffixes()}
    folder = Path(incomplete).parent if "/" in incomplete else Path()
    paths = sorted(folder.glob("*")) if folder.is_dir() else []
    specs = [str(path) for path in paths if path.suffix in endings]
    folders = [f"{path}/" for path in paths if path.is_dir()]
    return [
        word for word in (*bundled.list_names(), *specs, *folders) if word.startswith(incomplete)
    ]


Arch = Annotated[
    str,
    typer.Argument(
        metavar="ARCH",
        help="A spec's file, an .onnx, .tflite, .keras or .pt2 file, a bundled network's name, "
        "PyTorch code such as my_net.py:build with --input, or - for a spec on standard input.",
        show_default=False,
        autocompletion=complete_arch,
    ),
]


def archs_argument(metavar: str, text: str) -> ArgumentInfo:
    """Declare the argument of a command that reads several networks."""
    argument: ArgumentInfo = typer.Argument(
        metavar=metavar, help=text, show_default=False, autocompletion=complete_arch
    )
    return argument


def form_option(*names: str, text: str = "How it is written.") -> OptionInfo:
    """Declare the option `--format` of a command that writes these formats; each has a writer."""

    def parse(word: str) -> str:
        word = "table" if word == "text" else word  # what some commands called it
        if word not in names:
            known = ", ".join(map(repr, names))
            raise typer.BadParameter(f"{word!r} is not one of {known}.")
        return word

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    option: OptionInfo = typer.Option(
        "--format",
        "-f",
        metavar="|".join(names),
        help=text,
        parser=parse,
        autocompletion=complete,
    )
    return option


Form = Annotated[str, form_option(*WRITERS)]
Every = Annotated[
    bool, typer.Option("--all", help="Show every layer, not only those with weights.")
]
Human = Annotated[bool, typer.Option("--human", help="Short numbers: 105.4M.")]
Total = Annotated[bool, typer.Option("--total", help="A total row in csv and tsv.")]
Depth = Annotated[
    int | None,
    typer.Option("--depth", min=1, max=MOST, metavar="N", help="One row a block below N levels."),
]
Top = Annotated[
    int | None,
    typer.Option(
        "--top", min=1, max=MOST, metavar="N", help="The first N rows, and one for the rest."
    ),
]
Biases = Annotated[bool, typer.Option("--biases", help="Uses of biases are connections too.")]
ExcludePadding = Annotated[
    bool, typer.Option("--exclude-padding", help="Connections to zero padding don't count.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=NUMBER", help="Set one of the spec's params. Repeatable."),
]
Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="SHAPE",
        help="Another input shape: 3x192x192, or NAME=1x64x64 with several inputs.",
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch", min=1, max=MOST, help="Examples at once; bytes and time only.", show_default="1"
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        "--dtype", metavar="fp32|fp16|bf16|int8", help="Of all numbers; bytes only.",
        show_default="fp32",
    ),
]  # fmt: skip
Optimizer = Annotated[
    str | None,
    typer.Option(
        "--optimizer", metavar="sgd|momentum|adam|adamw|rmsprop", show_default="sgd",
        help="Of the training step; bytes only.",
    ),
]  # fmt: skip
MaxLayers = Annotated[
    int, typer.Option("--max-layers", min=1, max=MOST, help="How many layers a network may have.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse a network with opaque layers, whose costs are unknown."),
]
Output = Annotated[
    str,
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file; - is standard output."),
]
Force = Annotated[bool, typer.Option("--force", help="Write over an existing file.")]


def parse_settings(texts: Sequence[str]) -> Numbers:
    """Read the params of `--set alpha=0.5`.

    Raises:
        CnncostError: one is no NAME=NUMBER, or given twice.
    """
    params: Numbers = {}
    for text in texts:
        name, _, number = text.partition("=")
        name, value = name.strip(), parse_number(number.strip())
        if not name or value is None:
            raise CnncostError(f"--set {text}: NAME=NUMBER is due", "as in --set alpha=0.5")
        if name in params:
            raise CnncostError(f"--set {name} is given twice", "keep one")
        params[name] = value
    return params


def parse_arguments(texts: Sequence[str]) -> dict[str, int | float]:
    """Read `--set` as arguments of Python code: a float if decimals are written, as in `2.0`.

    Raises:
        CnncostError: one is no NAME=NUMBER, or given twice.
    """
    params = parse_settings(texts)
    numbers = [text.partition("=")[2].strip() for text in texts]
    decimals = [re.fullmatch(r"-?[0-9]+\.[0-9]+", text) is not None for text in numbers]
    return {
        name: value if isinstance(value, int) and not decimal else float(value)
        for (name, value), decimal in zip(params.items(), decimals, strict=True)
    }


def parse_shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Read the shapes of `--input 3x192x192` or `--input left=1x64x64`.

    Raises:
        CnncostError: one is no shape, or given twice.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, equals, dims = text.rpartition("=")
        parts = dims.lower().split("x")
        # A dimension has at most 19 digits: more are beyond 2^63.
        if not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
            raise CnncostError(f"--input {text}: a shape is due", "as in --input 3x192x192")
        if equals and not name:
            raise CnncostError(f"--input {text}: the input's name is missing", "as in left=1x64x64")
        if name in shapes:
            raise CnncostError(f"--input {name} is given twice".replace("  ", " "), "keep one")
        shapes[name] = tuple(int(part) for part in parts)
    return shapes

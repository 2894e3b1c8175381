"""The help of every command: nothing that its source says is lost on the way to the screen."""

from __future__ import annotations

import re
from importlib import import_module
from inspect import Parameter, cleandoc, signature
from itertools import pairwise
from typing import get_args, get_type_hints

import pytest
from command import run
from terminal import plain, shown
from typer.models import ArgumentInfo, OptionInfo

from cnncost.cli.main import COMMANDS


def _said(command: str) -> list[str]:
    """What the source of a command says: its docstring, its options' helps, its epilog."""
    (found,) = import_module(f"cnncost.cli.{command}").app.registered_commands
    callback = found.callback
    assert callback is not None
    hints = get_type_hints(callback, include_extras=True).values()
    infos = [info for hint in hints for info in get_args(hint)[1:]]
    helps = [info.help for info in infos if isinstance(info, ArgumentInfo | OptionInfo)]
    epilog = (found.epilog or "").replace("[bold]", "").replace("[/bold]", "")
    return [cleandoc(callback.__doc__ or ""), *(text for text in helps if text), epilog]


def _bare(text: str) -> str:
    """The characters of a text without blanks and the frame around it."""
    return re.sub(r"[\s│╭╮╰╯─|+-]", "", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_all_that_stands_in_brackets(command: str) -> None:
    bracketed = [part for text in _said(command) for part in re.findall(r"\[[^\]]*\]", text)]
    for columns in ("80", "200"):
        done = run(command, "--help", COLUMNS=columns)
        screen = _bare(done.stdout)
        for part in bracketed:
            assert _bare(part) in screen, part


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_every_word(command: str) -> None:
    screen = _bare(run(command, "--help", COLUMNS="300").stdout)
    for text in _said(command):
        assert _bare(text) in screen, text


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_ends_no_line_before_it_is_full(command: str, columns: int) -> None:
    said = run(*command.split(), "--help", COLUMNS=str(columns)).stdout
    prose = [line.strip() for line in said.partition("╭")[0].splitlines()]
    assert any(prose)
    for line, following in pairwise(prose):
        if line and following:  # one paragraph, in which the next word did not fit
            assert len(f" {line} {following.split()[0]} ") > columns, line


def test_the_extras_to_install_are_named_whole() -> None:
    assert "pip install 'cnncost[torch]'" in run("verify", "--help").stdout
    assert "cnncost[torch])" in run("convert", "--help").stdout
    assert "pip install 'cnncost[torch]'" in plain(shown("verify", "--help")[1])


@pytest.mark.parametrize("command", COMMANDS)
def test_usage_brackets_an_optional_argument_once(command: str) -> None:
    (found,) = import_module(f"cnncost.cli.{command}").app.registered_commands
    usage = next(line for line in run(command, "-h").stdout.splitlines() if "Usage" in line)
    assert "[[" not in usage
    assert found.callback is not None
    hints = get_type_hints(found.callback, include_extras=True)
    for name, parameter in signature(found.callback).parameters.items():
        (info, *_) = (*get_args(hints[name])[1:], None)
        if isinstance(info, ArgumentInfo):
            word = info.metavar or name.upper()
            assert (f"[{word}]" in usage) == (parameter.default is not Parameter.empty)


@pytest.mark.parametrize("columns", [80, 200])
def test_the_columns_that_help_lists_stand_in_two_columns(columns: int) -> None:
    from cnncost.views.table_columns import COLUMNS

    piped = run("table", "--columns", "help", "x", COLUMNS=str(columns)).stdout
    screen = plain(shown("table", "--columns", "help", "x", columns=columns)[1])
    assert screen.replace("\r\n", "\n") == piped
    lines = piped.splitlines()
    assert all(len(line) <= min(columns, 100) for line in lines)
    begins = {re.match(r"  \S+\s{2,}|\s+", line).end() for line in lines}  # type: ignore[union-attr]
    assert len(begins) == 1
    words = dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in lines if line[2] != " ")
    assert list(words) == list(COLUMNS)


TYPES_80 = """\
Layer types

  convolution     conv, conv_transpose, depthwise_conv
  unshared        locally_connected
  dense           dense, linear
"""


def test_layers_lists_the_families() -> None:
    done = run("layers")
    assert done.stdout.startswith(TYPES_80)
    assert "  structures      residual, parallel, densely, sequence\n" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


@pytest.mark.parametrize("word", ["conv", "Conv2D", "nn.Conv2d"])
def test_layers_shows_a_type(word: str) -> None:
    said = " ".join(run("layers", word).stdout.split())
    whole = "a whole number of at least 1"
    assert f"filters output channels {whole}; the value of conv itself; no default" in said
    step = f"stride step of the window {whole}, or a list of one an axis; default 1"
    assert step in said
    assert "3x227x227 becomes 96x55x55" in said
    # AlexNet's conv1 in one tower: 11 x 11 x 3 x 96.
    assert "weights kernel x kernel x channels x filters 11 x 11 x 3 x 96 = 34,848" in said
    assert said.startswith("conv (convolution)") == (word == "conv")


def test_layers_says_what_a_word_from_elsewhere_is_here() -> None:
    assert run("layers", "Conv2D").stdout.startswith("Conv2D: here conv\n")
    assert run("layers", "fc").stdout.startswith("fc: did you mean 'dense'? it reads its whole")


def test_layers_in_markdown_are_the_page_of_the_docs() -> None:
    from test_docs import DOCS

    text = (DOCS / "layers.md").read_text(encoding="utf-8")
    assert run("layers", "-f", "markdown").stdout == text
    assert run("layers", "lrn", "-f", "markdown").stdout.rstrip() in text


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("covn", "no layer type is called 'covn'\n  hint: did you mean 'conv'?\n"),
        ("mamba", "no layer type is called 'mamba'\n  hint: cnncost layers lists them\n"),
        ("residual", "residual is a structure, no layer type\n  hint: the README shows it\n"),
    ],
)
def test_layers_of_an_unknown_type(word: str, said: str) -> None:
    done = run("layers", word)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["net.yaml"], "cnncost table net.yaml"),
        (["alexnet"], "cnncost table alexnet"),
        (["alexnet.yaml", "--all"], "cnncost table alexnet.yaml --all"),
        (["net.onnx"], "cnncost table net.onnx"),
        (["my net.yaml"], "cnncost table 'my net.yaml'"),
    ],
)
def test_a_network_in_a_commands_place(words: list[str], meant: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{words[0]}: a network, no command\n  hint: did you mean {meant!r}?\n"

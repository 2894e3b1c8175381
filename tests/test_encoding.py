"""Terminals and pipes without UTF-8: other signs stand for those that their encoding lacks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command import run
from terminal import in_terminal, plain

from cnncost.cli.main import COMMANDS
from cnncost.cli.streams import SIGNS

SHOWN = [
    "table alexnet",
    "table resnet18 --training --batch 4 --depth 1",
    "table lenet5 --all --columns layer,type,receptive_field,kernel",
    "table lenet5 --columns help",
    "table lenet5 -f markdown",
    "table lenet5 -f latex",
    "explain lenet5 C1",
    "explain residual_mlp --backward",
    "explain lenet5 --backward",
    "suggest lenet5 --budget weights=50%",
    "suggest lenet5 --pareto weights",
    "compare alexnet alexnet_pooled",
    "check alexnet",
    "layers conv",
    "layers",
    "memory lenet5",
    "sweep mobilenet_v1 --set alpha=0.5,1",
    "convert lenet5 - --flat",
    "run minmax 3,-1",
    "zoo",
    "zoo --long lenet5",
    "zoo lenet5",
]
"""Commands that print something, of every kind of view."""


def _timeless(text: str) -> str:
    return re.sub(r"in [0-9.]+ s", "", text)


@pytest.mark.parametrize("command", SHOWN)
@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_no_sign_is_lost(command: str, *, terminal: bool) -> None:
    shown = []
    for encoding in ("utf-8", "ascii"):
        if terminal:
            text = in_terminal(*command.split(), PYTHONIOENCODING=encoding)
        else:
            text = run(*command.split(), PYTHONIOENCODING=encoding).stdout
        shown.append(_timeless(plain(text)))
    rich, poor = shown
    assert poor.isascii()
    assert poor.count("?") == rich.count("?")
    assert "\\u" not in re.sub(r"\\(units|underbrace|usepackage)", "", poor)
    assert len(poor.splitlines()) == len(rich.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_no_sign_of_the_help_is_lost(command: str) -> None:
    poor = in_terminal(command, "--help", PYTHONIOENCODING="ascii")
    rich = run(command, "--help").stdout
    assert poor.isascii()
    assert poor.count("?") == rich.count("?")


def _rule_and_row(text: str) -> tuple[str, str]:
    lines = plain(text).replace("\r", "").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(" layer"))
    return lines[at + 1].rstrip(), lines[at + 2]


def test_a_table_looks_alike() -> None:
    for width in (80, 200):
        poor = in_terminal("table", "alexnet", columns=width, PYTHONIOENCODING="ascii")
        rich = in_terminal("table", "alexnet", columns=width)
        assert plain(poor).replace("-", "─").count("─" * 40) == plain(rich).count("─" * 40) > 0
        poor = run("table", "alexnet", PYTHONIOENCODING="ascii", COLUMNS=str(width)).stdout
        rich = run("table", "alexnet", COLUMNS=str(width)).stdout
        (rule, row), (fine, _) = _rule_and_row(poor), _rule_and_row(rich)
        assert set(rule) == {" ", "-"}  # as wide but for the widest bar of either kind
        assert 0 <= len(fine) - len(rule) <= 2
        # 105,415,200 of 863,867,424 connections are 0.98 of 8 characters.
        assert row.rstrip().endswith("105,415,200   #")


def test_an_encoding_that_has_some_signs() -> None:
    poor = run("explain", "residual_mlp", "--backward", PYTHONIOENCODING="cp437").stdout
    assert "?" not in poor


def test_letters_of_other_languages(tmp_path: Path) -> None:
    spec = 'name: "Réseau \u00d7 模"\ninput: [1, 5, 5]\nlayers: [{conv: 1, kernel: 1}]\n'
    (tmp_path / "n.yaml").write_text(spec, encoding="utf-8")
    done = run("table", "n.yaml", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.stdout.startswith(" Reseau x \\u6a21  input 1 channel of 5x5\n")


def test_every_sign_is_of_ascii() -> None:
    assert all(plain_.isascii() and not sign.isascii() for sign, plain_ in SIGNS.items())

"""`verify` on a real terminal: its progress is a line that is written over and taken away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from terminal import interrupted, shown

STEPS = ("building", "counting connections", "inference", "training step", "the exported file")


def test_progress_is_shown_on_a_terminal_and_taken_away() -> None:
    code, text = shown("verify", "residual_mlp")
    assert code == 0
    before, start, report = text.partition("residual MLP in PyTorch, batch 2")
    assert start, text
    places = [before.find(f"\r\x1b[K{step}") for step in STEPS]
    assert -1 not in places
    assert places == sorted(places)
    assert before.endswith("\r\x1b[K")
    assert "\x1b[K" not in report
    assert report.endswith("0 differences\r\n")


def test_no_progress_in_a_pipe() -> None:
    command = [sys.executable, "-m", "cnncost", "verify", "residual_mlp"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stderr, "\x1b" in done.stdout) == ("", False)


def test_ctrl_c_takes_it_away_too(tmp_path: Path) -> None:
    begun = lambda shown: "counting connections" in shown  # noqa: E731  it is an argument
    code, text = interrupted("verify", "resnet18", cwd=tmp_path, after=0, when=begun)
    assert code == 130
    assert "Traceback" not in text
    assert text.endswith("\r\x1b[Kinterrupted\r\n")

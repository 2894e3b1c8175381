"""What a pull request gets: the action's own script in a scratch repository, and the hooks."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

NET = "input: [1, 4, 4]\nlayers: [{{conv: {}, kernel: 3}}]\n{}"
"""Over four positions, with nine weights per filter."""

GH = """\
#!/bin/sh
case "$*" in
  *--jq*) cat "$SCRATCH/old" 2>/dev/null ;;
  *) printf '%s\\n' "$@" > "$SCRATCH/said" ;;
esac
"""
"""What stands for GitHub's own command: it knows the comments in `old`, and keeps what it sends."""


class Scratch:
    """A repository with a base commit, in which the action's step runs as Actions runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder / "repo", folder / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        self.write_program("gh", GH)
        start = f'exec {sys.executable} -c "from cnncost.cli import main; main()" "$@"\n'
        self.write_program("cnncost", f"#!/bin/sh\n{start}")
        self.git("init", "-q", "-b", "main")

    def write_program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text, encoding="utf-8")
        (self.bin / name).chmod(0o755)

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        done = subprocess.run(
            ["git", *who, *words], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", ".")
        self.git("commit", "-q", "-m", "a change")
        return self.git("rev-parse", "HEAD")

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", "COLUMNS": "80",
               "GITHUB_ACTION_PATH": str(ROOT), "SCRATCH": str(self.bin),
               "GITHUB_STEP_SUMMARY": str(self.bin / "summary"), **environment}  # fmt: skip
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", command], cwd=self.folder, env=env, check=False,
            capture_output=True, text=True,
        )  # fmt: skip

    def run_step(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the action's last step with its inputs in place, as Actions fills them in."""
        given = {key: entry["default"] for key, entry in ACTION["inputs"].items()} | inputs
        step = ACTION["runs"]["steps"][-1]
        context = {"github.event.pull_request.number": "7", "github.repository": "a/b"}
        context |= {f"inputs.{key}": value for key, value in given.items()}
        env = {key: context[value.strip("${} ")] for key, value in step["env"].items()}
        return self.run(step["run"], **env)

    def read(self, name: str) -> str:
        return (self.bin / name).read_text(encoding="utf-8")


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path)


def test_a_pull_request_gets_annotations_a_summary_and_one_comment(scratch: Scratch) -> None:
    net = scratch.folder / "net.yaml"
    net.write_text(NET.format(2, "budget: {weights: 30}\n"), encoding="utf-8")
    (scratch.folder / "same.yaml").write_text(NET.format(1, ""), encoding="utf-8")
    base = scratch.commit()
    net.write_text(NET.format(4, "budget: {weights: 30}\n"), encoding="utf-8")
    (scratch.folder / "new.yaml").write_text(NET.format(3, ""), encoding="utf-8")
    done = scratch.run_step(base=base, **{"fail-on": "connections=+5% units=+1"})
    assert done.returncode == 1, done.stderr
    # 36 weights for 30; 36 x 4 connections and 4 x 4 units, for 72 and 8 before
    assert "::error file=net.yaml,line=3,col=19::weights 36, budget 30 (6 over)" in done.stdout
    grown = "net.yaml: connections 144, was 72 (+72, +100.0%): fails connections=+5%"
    assert f"::error file=net.yaml::{grown}" in done.stdout
    summary = scratch.read("summary")
    assert summary.startswith("<!-- cnncost -->\n### What the networks cost\n\n**net.yaml**\n")
    assert "| connections | 72 | 144 | +72 | +100.0 |" in summary
    assert "units 16, was 8 (+8, +100.0%): fails units=+1" in summary.replace("\n", " ")
    assert "**new.yaml** (new)" in summary
    assert "same.yaml" not in summary
    first, *_, body = scratch.read("said").split("\n", 4)
    assert first == "api"
    assert "repos/a/b/issues/7/comments" in scratch.read("said")
    assert summary.strip() in scratch.read("said")
    assert body


def test_the_comment_is_written_anew(scratch: Scratch) -> None:
    (scratch.folder / "net.yaml").write_text(NET.format(2, ""), encoding="utf-8")
    base = scratch.commit()
    (scratch.bin / "old").write_text("41\n42\n", encoding="utf-8")
    assert scratch.run_step(base=base).returncode == 0
    said = scratch.read("said")
    assert "PATCH\nrepos/a/b/issues/comments/41\n" in said
    assert "No network has changed." in said
    (scratch.bin / "said").unlink()
    assert scratch.run_step(base=base, comment="false").returncode == 0
    assert not (scratch.bin / "said").exists()


def test_what_is_wrong_fails_the_step(scratch: Scratch) -> None:
    (scratch.folder / "net.yaml").write_text("layers: [convv]\n", encoding="utf-8")
    base = scratch.commit()
    assert scratch.run_step(base=base).returncode == 2
    none = scratch.run_step(base=base, files="nets/*.yaml")
    assert none.returncode == 2
    assert "::error::no file is named nets/*.yaml" in none.stdout
    outside = scratch.run_step(base="0" * 40, files="*.yaml")
    assert "::warning::commit" in outside.stdout


def test_hooks_check_the_files_that_they_are_given(scratch: Scratch) -> None:
    good, wide = scratch.folder / "good.yaml", scratch.folder / "wide.yaml"
    good.write_text(NET.format(2, "budget: {weights: 30}\n"), encoding="utf-8")
    wide.write_text(NET.format(4, "budget: {weights: 30}\n"), encoding="utf-8")
    check, ratchet = (shlex.join(shlex.split(hook["entry"])) for hook in HOOKS)
    assert scratch.run(f"{check} good.yaml").returncode == 0
    assert scratch.run(f"{check} good.yaml wide.yaml").returncode == 1
    assert scratch.run(f"{ratchet} good.yaml").returncode == 0
    assert "budget: {weights: 18}" in good.read_text(encoding="utf-8")

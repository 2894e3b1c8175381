"""Random networks under random budgets through `suggest`, by hand: what must always hold.

`python tests/fuzz_suggest.py --seed 1 --count 3000`; CI runs a short one. Of every run it holds:
no traceback; exit code 0, 1 or 2; the written file parses, keeps its budgets under `check`,
differs from the spec only where the plan says; its outputs have their shapes; what `--keep`
names is as it was; the plan's score is the damage of the file; plans beside it are better in
something.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import os
import random
import re
import sys
import tempfile
import traceback
from pathlib import Path
from time import monotonic

from wild_networks import wild_network

import cnncost
from cnncost.cli.main import run_app
from cnncost.quantity import BUDGETS, BYTES

REFUSALS = ("only a lower bound", "does not train", "no network has 0", "is not a multiple")
"""What `suggest` may refuse: bytes that nobody knows, a training of nothing, a budget of zero."""

SHARES = (2, 98)
"""Budgets in per cent of today's, from and to."""


def called(*arguments: str) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command, in this process.

    What ends it otherwise than by an exit ends the fuzzer, as it would end in a traceback.
    """
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["cnncost", *arguments]
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run_app()
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


def drawn_budgets(pick: random.Random) -> list[str]:
    """One to three budgets; bytes in one of three."""
    metrics = pick.sample(BUDGETS, pick.choice([1, 2, 3]))
    if pick.random() < 0.35:
        metrics[0] = pick.choice(BYTES)
    return [f"{metric}={pick.randint(*SHARES)}%" for metric in metrics]


def drawn_options(pick: random.Random, names: list[str], budgets: list[str]) -> list[str]:
    """Options that go with budgets, each now and then."""
    options = ["--time-limit", str(pick.choice([1, 2, 5]))]
    if names and pick.random() < 0.3:
        options += ["--keep", pick.choice(names)]
    if pick.random() < 0.2:
        kinds = ["separable", "width", "depth", "stride", "pooling", "low-rank", "resolution"]
        options += ["--forbid", pick.choice(kinds)]
    if pick.random() < 0.2:
        options += ["--allow", pick.choice(["extrapolation", "precision"])]
    scaled = any("memory" in budget for budget in budgets)
    if scaled and pick.random() < 0.3:
        options += ["--dtype", pick.choice(["fp16", "fp32"])]
    return options


def same_outputs(before: cnncost.Spec, after: cnncost.Spec) -> bool:
    """Whether what leaves the network has the same shapes."""
    return [before.network.nodes[i].output for i in before.network.outputs] == [
        after.network.nodes[i].output for i in after.network.outputs
    ]


def unsaid_lines(before: str, after: str, plan: list[str]) -> list[str]:
    """Lines that differ though the plan has no edit that could have made them differ."""
    if plan:
        return []
    a, b = before.splitlines(), after.splitlines()
    changed = [line for line in difflib.ndiff(a, b) if line[:1] in "+-"]
    return [line for line in changed if not line[2:].startswith(("# cnncost suggest", "budget"))]


def kept_row(spec: cnncost.Spec, name: str) -> tuple[object, ...] | None:
    """A layer with all its fields, and its width, by name."""
    for node in spec.network.layers:
        if node.name == name:
            return node.layer, node.output.channels
    return None


def tried(seed: int, folder: Path) -> tuple[str, str]:
    """One network under budgets: what came of it, and what is wrong with it (empty: nothing)."""
    pick = random.Random(seed)
    text = wild_network(pick)
    source, written = folder / "net.yaml", folder / "out.yaml"
    source.write_text(text)
    try:
        before = cnncost.load(source)
    except cnncost.SpecError:
        return "no network", ""
    names = re.findall(r"name: (\w+)", text)
    budgets = drawn_budgets(pick)
    options = drawn_options(pick, names, budgets)
    asked = [part for budget in budgets for part in ("--budget", budget)]
    written.unlink(missing_ok=True)
    command = ["suggest", str(source), *asked, *options, "--write", str(written), "-f", "json"]
    started = monotonic()
    code, out, err = called(*command)
    spent = monotonic() - started
    if code == 2:
        return "refused", "" if any(why in err for why in REFUSALS) else err
    found = json.loads(out)
    if spent > 2 * float(options[1]) + 3:
        return "late", f"took {spent:.1f} s"
    if code == 1 and not found["complete"]:
        return "open", "met, though costs are unknown" if found["met"] else ""
    if code == 1:
        return "no plan", "" if found["plan"] is None and not written.exists() else "a plan, exit 1"
    if found["met"]:
        return "met", "" if not written.exists() else "a file though met"
    return "plan", wrong_plan(found, before, text, written, asked, options)


def wrong_plan(
    found: dict,  # type: ignore[type-arg]
    before: cnncost.Spec,
    text: str,
    written: Path,
    asked: list[str],
    options: list[str],
) -> str:
    """What is wrong with a written plan; empty where nothing is."""
    after = cnncost.load(written)
    if not same_outputs(before, after):
        return "another output"
    limits = [
        f"{b['metric']}={b['most']}{'B' if b['metric'] in BYTES else ''}" for b in found["budgets"]
    ]
    scale = options[options.index("--dtype") :][:2] if "--dtype" in options else []
    held = [part for limit in limits for part in ("--budget", limit)]
    code, out, err = called("check", str(written), *held, *scale)
    if code:
        return f"check: {code} {out}{err}"
    if not scale:
        code, out, err = called("check", str(written))
        if code:
            return f"check of its own: {code} {out}{err}"
    steps = [step["edit"] for step in found["plan"]["steps"]]
    if unsaid := unsaid_lines(text, written.read_text(), steps):
        return f"differs: {unsaid}"
    if not steps:
        return "a plan of nothing"
    if "--keep" in options:
        name = options[options.index("--keep") + 1]
        if kept_row(before, name) != kept_row(after, name):
            return f"--keep {name}: {kept_row(before, name)} became {kept_row(after, name)}"
    if idle := idle_alternatives(found["plan"], found["others"]):
        return f"no better in anything: {idle}"
    return wrong_score(found["plan"], before, after)


def idle_alternatives(plan: dict, others: list[dict]) -> list[str]:  # type: ignore[type-arg]
    """Plans shown beside the plan that have neither fewer edits nor a lower price."""
    return [
        " ".join(step["edit"] for step in one["steps"])
        for one in others
        if len(one["steps"]) >= len(plan["steps"]) and one["price"] >= plan["price"]
    ]


def wrong_score(plan: dict, before: cnncost.Spec, after: cnncost.Spec) -> str:  # type: ignore[type-arg]
    """What is wrong with a plan's score; empty where it is the damage of its file."""
    # A step that is no spec without those below it has no score of its own.
    total = sum(step["score"] or 0.0 for step in plan["steps"])
    if abs(total - plan["score"]) > 1e-6:
        return f"steps score {total}, the plan {plan['score']}"
    damage = cnncost.damage(before, after)
    for name in ("score", "low", "high"):
        if abs(plan[name] - getattr(damage, name)) > 1e-5:
            return f"{name} of the plan {plan[name]}, of its file {getattr(damage, name)}"
    return ""


def fuzz(seed: int, count: int, *, every: int = 0) -> list[str]:
    """What went wrong in so many runs, each with its seed."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    wrong: list[str] = []
    came: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            try:
                what, why = tried(number, Path(folder))
            except Exception:  # a traceback is what it looks for
                what, why = "traceback", traceback.format_exc()
            came[what] = came.get(what, 0) + 1
            if why:
                wrong.append(f"seed {number}: {what}: {why}")
            if every and (number - seed + 1) % every == 0:
                sys.stderr.write(f"{number - seed + 1}: {came}, {len(wrong)} wrong\n")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=3000)
    given = parser.parse_args()
    problems = fuzz(given.seed * 1_000_000, given.count, every=50)
    sys.stdout.write("\n".join([*problems, f"{len(problems)} wrong of {given.count}"]) + "\n")
    sys.exit(1 if problems else 0)

"""Random networks on random boards, in patches: what `fit` and `suggest` must hold, by hand.

`python tests/fuzz_boards.py --seed 1 --count 300`; CI runs a short one. Of every run it holds: no
traceback; exit code 0, 1 or 2; `--patches auto` takes the fewest in which a network fits; a plan
that is said to fit does so when its file goes through `fit` in its patches; no plan of `--patches
auto` scores more than those of fixed numbers, or than the one without patches is priced (its file
may score less: searches compare prices), where all are proved.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

from fuzz_suggest import called
from wild_networks import wild_network

COUNTS = (2, 3, 4, 5, 6, 7, 8)


def draw_network(pick: random.Random) -> str:
    """Draw a chain of windows over a map, as small networks for microcontrollers are."""
    if pick.random() < 0.15:
        return wild_network(pick)
    side, lines, filters = pick.choice([12, 16, 21, 32]), [], pick.choice([4, 8, 12])
    lines = [f"{{conv: {filters}, kernel: 3, stride: {pick.choice([1, 1, 2])}, padding: same}}"]
    for _ in range(pick.randint(1, 4)):
        filters = pick.choice([filters, filters, 2 * filters])
        inner = f"{{conv: {filters}, kernel: 3, padding: 1}}"
        lines += pick.choice([
            ["{maxpool: 2}"],
            ["relu6", f"{{conv: {filters}, kernel: 1}}"],
            [f"{{depthwise_conv: 3, padding: {pick.choice(['1', 'same'])}}}", "batchnorm", "relu6"],
            [inner, "relu"],
            [f"{{conv: {filters}, kernel: 1}}", f"residual: [{inner}, relu6, {inner}]", "relu"],
        ])  # fmt: skip
    lines += pick.choice([["global_avgpool"], ["{maxpool: 2}"], []])
    text = "".join(f"- {line}\n" for line in [*lines, "{dense: 10}"])
    return f"input: [{pick.choice([1, 3])}, {side}, {side + pick.choice([0, 3])}]\nlayers:\n{text}"


def draw_board(pick: random.Random, needs: dict[str, int]) -> dict[str, int]:
    """Draw the bytes that a board has, as shares of what the network needs whole."""
    return {word: max(1, round(pick.uniform(0.15, 1.3) * most)) for word, most in needs.items()}


def fuzz(seed: int, count: int) -> list[str]:
    """Run so many draws; return what did not hold."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            case = Case(Path(folder), random.Random(number))
            wrong += [f"seed {number}: {text}" for text in case.run_all()]
    return wrong


class Case:
    """One network on one board."""

    def __init__(self, folder: Path, pick: random.Random) -> None:
        self.pick, self.net, self.plan = pick, folder / "net.yaml", folder / "plan.yaml"
        self.board = folder / "board.yaml"
        self.net.write_text(draw_network(pick), encoding="utf-8")
        self.wrong: list[str] = []

    def run_all(self) -> list[str]:
        whole = self.read("fit", str(self.net), "--sram", "1GiB", "--flash", "1GiB")
        if whole is None or not whole["complete"]:
            return self.wrong
        has = draw_board(self.pick, {"sram": whole["sram"]["arena"], "flash": whole["flash"]})
        text = "".join(f"{word}: {most}B\n" for word, most in has.items())
        self.board.write_text(f"board: b\n{text}core: cortex-m4\nclock: 80M\n", encoding="utf-8")
        self.check_fit(has)
        self.check_plans()
        return self.wrong

    def read(self, *words: str) -> dict | None:  # type: ignore[type-arg]  # JSON
        """The data of a command; None where it refuses."""
        code, out, err = called(*words, "--format", "json")
        if code == 2 and "hint" not in err and "only a lower bound" not in err:
            self.wrong.append(f"{words}: {err}")
        if code == 2:
            return None
        data = json.loads(out or err)
        return {**data, "code": code}

    def check_fit(self, has: dict[str, int]) -> None:
        """The fewest patches are taken, by options of a board as by its file."""
        asked = ("--sram", f"{has['sram']}B", "--flash", f"{has['flash']}B")
        found = self.read("fit", str(self.net), *asked, "--patches", "auto")
        each = {n: self.read("fit", str(self.net), *asked, "--patches", str(n)) for n in COUNTS}
        plain = self.read("fit", str(self.net), *asked)
        if found is None or plain is None:
            self.wrong.append("fit refuses")
            return
        able = [n for n, one in each.items() if one and one["fits"]]
        best = 1 if plain["fits"] else min(able, default=None)
        taken = found["patches"]["patches"] if found["patches"] else 1
        if (best is None) == (found["code"] == 0) or (best and taken != best):
            self.wrong.append(f"fit --patches auto: {taken}, not {best}")
        hints = plain["enough_in_patches"]
        lacks = plain["boards"][0]["needs"]["sram"]["fits"] is not True
        given = [(one["patches"], one["fits"]) for one in hints]
        if lacks and able and given != [(min(able), True)]:
            self.wrong.append(f"hint {hints}, not {min(able)}")

    def check_plans(self) -> None:
        """A plan that is said to fit does, and that of an open number scores least."""
        board = (str(self.net), "--board", str(self.board), "--time-limit", "60")
        scores = {}
        for asked in ("auto", *map(str, self.pick.sample(COUNTS[:4], 2)), ""):
            option = ("--patches", asked) if asked else ()
            wish = ("--write", str(self.plan), "--force")
            self.plan.unlink(missing_ok=True)
            found = self.read("suggest", *board, *option, *wish)
            if found is None:
                return
            if not found["board"]["fits"]:
                continue
            plan, patches = found["plan"], found["board"]["patches"]
            score = 0.0 if plan is None else plan["score"]
            if plan and not asked:
                score = max(score, plan["price"])
            scores[asked] = score, found["proved"]
            file = self.plan if self.plan.exists() else self.net
            last = ("--patches", str(patches["patches"])) if patches else ()
            again = self.read("fit", str(file), "--board", str(self.board), *last)
            if not again or again["code"]:
                self.wrong.append(f"suggest --patches {asked!r}: its plan does not fit")
            listed = [step["kind"] for step in plan["steps"]] if plan else []
            if ("patches" in listed) != bool(patches):
                self.wrong.append(f"suggest --patches {asked!r}: steps {listed}")
        others = [score for asked, (score, _) in scores.items() if asked != "auto"]
        proved = all(proved for _, proved in scores.values())
        if proved and others and ("auto" not in scores or scores["auto"][0] > min(others)):
            self.wrong.append(f"scores {scores}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    arguments = parser.parse_args()
    print("\n".join(fuzz(arguments.seed, arguments.count)) or "all held")

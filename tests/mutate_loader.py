"""Disables each check of the loader, one at a time, and shows that a test notices.

The cases are the files of `tests/invalid`, the tables of `tests/test_language.py`,
`test_language_blocks.py` and `test_language_structures.py`, and the tests of `test_settings.py`,
`test_bad_input.py`, `test_axis_order.py` and `test_elsewhere.py` that take nothing, or the values
of a table; a mutant runs against those that reach its statement.

    python tests/mutate_loader.py [WORD]    # only mutants whose line contains the word

Prints a line a mutant and exits 1 if one survives.
"""

from __future__ import annotations

import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import pytest  # noqa: E402
import test_axis_order  # noqa: E402
import test_bad_input  # noqa: E402
import test_elsewhere  # noqa: E402
import test_invalid  # noqa: E402
import test_language  # noqa: E402
import test_language_blocks  # noqa: E402
import test_language_structures  # noqa: E402
import test_settings  # noqa: E402
from mutants import Mutant, compiled, mutants, target  # noqa: E402

from cnncost import network  # noqa: E402
from cnncost.layers import TYPES, layer_type  # noqa: E402

SECONDS = 10
"""Of the processor's time; a case that takes more has noticed."""
TRACED = 300
"""The same without a mutant, every line traced."""

EQUIVALENT = {
    "network.NetworkBuilder._check_sharing operand: owner.layer is None": "for mypy",
    "language.expand.Expansion._expand_line operand: output is not None": "for mypy: no such index",
    "language.nodes._syntax_problem text: 'not YAML'": "each of PyYAML's errors has its own",
    "language.inputs._slid_over operand: other.layer is None": "an input reads nothing",
}
"""Mutants that change nothing, by their line without the number, and why."""


class Case(NamedTuple):
    """One test: raises if the loader does not do what is expected."""

    name: str
    run: Callable[[], None]


class Timeout(BaseException):
    pass


def noticed_by(mutant: Mutant, cases: list[Case]) -> str:
    """The first case that fails with the mutant; empty if it survives."""
    function = target(mutant)
    original = function.__code__
    function.__code__ = compiled(mutant)
    try:
        for case in cases:
            if not passes(case):
                return case.name
    finally:
        function.__code__ = original
    return ""


def passes(case: Case, seconds: int = SECONDS) -> bool:
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        network.infer_output.cache_clear()  # what is remembered would hide a change
        case.run()
    except (
        Exception,
        Timeout,
        pytest.fail.Exception,
    ):  # whatever goes wrong: the change was noticed
        return False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return True


def reached(cases: list[Case], files: set[str]) -> dict[tuple[str, int], list[Case]]:
    """For each line of the files: the cases that reach it."""
    reach: dict[tuple[str, int], list[Case]] = defaultdict(list)
    for case in cases:
        seen: set[tuple[str, int]] = set()

        def local(frame: FrameType, event: str, _: object, seen: Any = seen) -> Any:
            seen.add((frame.f_code.co_filename, frame.f_lineno))
            return local

        def trace(frame: FrameType, event: str, _: object, local: Any = local) -> Any:
            return local if frame.f_code.co_filename in files else None

        sys.settrace(trace)
        try:
            ok = passes(case, TRACED)
        finally:
            sys.settrace(None)
        if not ok:
            raise SystemExit(f"{case.name} fails without any mutant")
        for line in seen:
            reach[line].append(case)
    return reach


def _invalid(path: Path) -> Case:
    text = test_invalid.read(path)
    wanted = test_invalid.expected(text)

    def run() -> None:
        assert test_invalid.message(text, path.name) == wanted

    return Case(path.stem, run)


def _positive(module: Any, name: str) -> Case:  # Any: a module with a table of cases
    return Case(name, lambda: module.test_layers(name))


def _functions_of(module: ModuleType) -> Iterator[Case]:
    """A module's tests that take nothing, or the values of one table."""
    for name, value in vars(module).items():
        if not name.startswith("test_"):
            continue
        marks = [mark for mark in getattr(value, "pytestmark", []) if mark.name == "parametrize"]
        if not marks and value.__code__.co_argcount == 0:
            yield Case(name, value)
        for names, rows in (mark.args for mark in marks[:1]):
            several = isinstance(names, tuple)
            if value.__code__.co_argcount == (len(names) if several else 1):
                for row in rows:
                    yield Case(f"{name} {row}", partial(value, *(row if several else [row])))


def all_cases() -> list[Case]:
    cases = [_invalid(path) for path in test_invalid.FILES]
    tables = (test_language, test_language_blocks, test_language_structures)
    cases += [_positive(module, name) for module in tables for name in module.CASES]
    for module in (*tables, test_settings, test_bad_input, test_axis_order, test_elsewhere):
        cases += _functions_of(module)
    return cases


def main(word: str = "") -> int:
    def alarm(*_: object) -> None:
        raise Timeout

    signal.signal(signal.SIGVTALRM, alarm)
    for name in TYPES:
        layer_type(name)
    found = list(mutants())
    files = {mutant.module.__file__ or "" for mutant in found}
    reach = reached(all_cases(), files)
    survivors = 0
    for mutant in found:
        if word not in mutant.label:
            continue
        here = [case for n in mutant.lines for case in reach[(mutant.module.__file__ or "", n)]]
        cases = list(dict.fromkeys(here))
        killer = noticed_by(mutant, cases)
        if killer:
            print(f"noticed   {mutant.label}  [{killer}]")
        elif mutant.label in EQUIVALENT:
            print(f"same      {mutant.label}  ({EQUIVALENT[mutant.label]})")
        else:
            survivors += 1
            print(f"SURVIVES  {mutant.label}  ({len(cases)} cases reach line {mutant.lines[0]})")
    print(f"{len(found)} mutants, {survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

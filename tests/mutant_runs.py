"""Running tests against a changed module: in a fork, from a copy of the code.

The copy is on the path of the commands that tests start, too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

import hypothesis
import pytest

CLOCKS = "not seconds and not hash_seed and not extreme_extents"
"""Tests of how long something takes would notice the wrong thing."""

OPTIONS = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", "-k", CLOCKS]

SITE = """\
import atexit, json, os, sys
if os.environ.get("TRACED_INTO"):
    seen = set()
    def local(frame, event, _):
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return local
    names = set(json.loads(os.environ["TRACED"]))
    sys.settrace(lambda frame, event, _: local if frame.f_code.co_filename in names else None)
    @atexit.register
    def write():
        sys.settrace(None)
        with open(os.environ["TRACED_INTO"], "a", encoding="utf-8") as file:
            file.write(json.dumps(sorted(seen)) + "\\n")
"""
"""Runs at the start of each command that a traced test starts: adds the lines that it reaches."""


class Copy:
    """A copy of the code in a folder of its own, one module of it changed at a time."""

    def __init__(self, root: Path) -> None:
        self.source = root
        self._folder = Path(tempfile.mkdtemp(prefix="cnncost-mutants-"))
        self.root = self._folder / "copy"

    def __enter__(self) -> Copy:
        skip = shutil.ignore_patterns(".*", "__pycache__", "dist", "build")
        shutil.copytree(self.source, self.root, ignore=skip)
        (self._folder / "site").mkdir()
        (self._folder / "site" / "sitecustomize.py").write_text(SITE, encoding="utf-8")
        os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (self._folder / "site", self.root)))
        os.environ["OMP_NUM_THREADS"] = "1"
        sys.path[:0] = [str(self.root), str(self.root / "tests")]
        unhurried = {"deadline": None, "database": None, "derandomize": True}
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # no smaller example
        hypothesis.settings.register_profile("mutants", phases=phases, **unhurried)
        hypothesis.settings.load_profile("mutants")
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder)

    def notices(self, name: str, text: str, tests: dict[str, float]) -> bool:
        """Whether one of the tests (and their seconds) fails with this text of a module."""
        if not tests:
            return False
        path = self.root / name
        before, times = path.read_bytes(), path.stat()
        path.write_text(text, encoding="utf-8")
        try:
            return self.forked(list(tests), 15 + 5 * sum(tests.values())) != 0
        finally:
            path.write_bytes(before)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as its .pyc has it

    def forked(self, tests: list[str], seconds: float, plugin: object = None) -> int:
        """pytest's exit status in a process of its own, which ends after so many seconds."""
        child = os.fork()
        if child:
            return _waited(child, seconds)
        os.setsid()
        os.chdir(self.root)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        if plugin is None:
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        status = 1
        try:
            status = int(pytest.main([*OPTIONS, *tests], [plugin] if plugin else []))
        finally:
            os._exit(status)
        return status


def _waited(child: int, seconds: float) -> int:
    end = time.monotonic() + seconds
    pid, status = 0, 0
    while not pid and time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.005)
    if not pid:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return 124
    return os.waitstatus_to_exitcode(status)


class _Tracer:
    """A plugin of pytest's: the lines of some modules that each test reaches, and its time."""

    def __init__(self, files: list[str], out: Path) -> None:
        self.files, self.out = set(files), out
        self.commands = out.with_suffix(".commands")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Any:  # Any: as pytest has it
        seen: set[tuple[str, int]] = set()

        def local(frame: FrameType, event: str, _: object) -> Any:
            seen.add((frame.f_code.co_filename, frame.f_lineno))
            return local

        self.commands.write_text("", encoding="utf-8")
        os.environ |= {"TRACED_INTO": str(self.commands), "TRACED": json.dumps(list(self.files))}
        files, start = self.files, time.perf_counter()
        sys.settrace(lambda frame, *_: local if frame.f_code.co_filename in files else None)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            took = time.perf_counter() - start
            for line in self.commands.read_text(encoding="utf-8").splitlines():
                seen.update((name, number) for name, number in json.loads(line))
            with self.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps([item.nodeid, took, sorted(seen)]) + "\n")


class Reached:
    """Which tests reach which lines of the modules, traced where that is not known yet."""

    def __init__(self, copy: Copy, needed: dict[str, list[str]]) -> None:
        self._copy = copy
        self._memory = copy.source / ".pytest_cache" / "reached"
        self._memory.mkdir(parents=True, exist_ok=True)
        self._lines: dict[str, dict[int, list[str]]] = {}
        self._seconds: dict[str, float] = {}
        for file in dict.fromkeys(test for tests in needed.values() for test in tests):
            self._add(file, [name for name, tests in needed.items() if file in tests])
        self._of = {name: set(tests) for name, tests in needed.items()}

    def tests(self, name: str, lines: Iterable[int] | None) -> dict[str, float]:
        """The tests that reach a module's lines, with their seconds; without lines all of its."""
        known = self._lines.get(name, {})
        some = {test for n in lines or () for test in known.get(n, ())}
        found = set(self._seconds) if lines is None else some
        own = {test for test in found if test.split("::")[0] in self._of[name]}
        return {test: self._seconds[test] for test in sorted(own, key=self._by_time)}

    def _by_time(self, test: str) -> tuple[float, str]:
        return self._seconds[test], test

    @staticmethod
    def within(tests: dict[str, float], seconds: float) -> dict[str, float]:
        """The first tests, of so many seconds in all."""
        found: dict[str, float] = {}
        for test, took in tests.items():
            if found and sum(found.values()) + took > seconds:
                break
            found[test] = took
        return found

    def _add(self, file: str, modules: list[str]) -> None:
        """A test file's tests; remembered as long as it and the modules are the same."""
        memory = self._memory / f"{Path(file).stem}.json"
        known = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
        digests = {name: self._digest(name) for name in (file, *modules)}
        if any(known.get("digests", {}).get(name) != it for name, it in digests.items()):
            known = self._trace(file)
            memory.write_text(json.dumps(known), encoding="utf-8")
        for test, took, seen in known["tests"]:
            self._seconds[test] = took
            for name, number in seen:
                self._lines.setdefault(name, {}).setdefault(number, []).append(test)

    def _digest(self, name: str) -> str:
        return sha256((self._copy.source / name).read_bytes()).hexdigest()

    def _trace(self, file: str) -> dict[str, Any]:
        source = self._copy.source
        paths = sorted((source / "cnncost").rglob("*.py"))
        names = [n for n in (str(path.relative_to(source)) for path in paths) if _counts(n)]
        out = self._copy.root.parent / "traced"
        out.write_text("", encoding="utf-8")
        print(f"tracing {file}", file=sys.stderr, flush=True)
        tracer = _Tracer([str(self._copy.root / name) for name in names], out)
        if self._copy.forked([file], 1200, tracer) not in (0, 5):
            raise SystemExit(f"{file} fails without any mutant")
        text = out.read_text(encoding="utf-8").replace(f"{self._copy.root}{os.sep}", "")
        digests = {name: self._digest(name) for name in (file, *names)}
        return {"digests": digests, "tests": [json.loads(line) for line in text.splitlines()]}


def _counts(name: str) -> bool:
    parts = ("layers/", "shape.py", "costs/", "accuracy/", "plans/")
    return name.removeprefix("cnncost/").startswith(parts)

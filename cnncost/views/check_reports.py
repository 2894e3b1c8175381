"""What `check` found, as programs read it: JSON, JUnit's XML, annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cnncost.errors import SpecError
from cnncost.views.check_lines import CheckedFile, Promise, check_line, list_promises
from cnncost.views.page_writers import write_data

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class Fault(NamedTuple):
    """Something that is wrong with a file, and where; line and column are 0 where none is known."""

    what: str
    hint: str = ""
    line: int = 0
    column: int = 0


def list_faults(file: CheckedFile) -> list[Fault]:
    """List why a file could not be read, or which of its figures do not hold."""
    if isinstance(file.error, SpecError):
        return [
            Fault(problem.what, problem.hint, *map(int, where.rsplit(":", 2)[1:]))
            for where, problem in file.error.located
        ]
    if file.error is not None:
        return [Fault(file.error.what, file.error.hint)]
    failed = [one for one in list_promises(file) if not one.holds]
    return [Fault(one.text, "", *_find_place(file, one)) for one in failed]


def _find_place(file: CheckedFile, promise: Promise) -> tuple[int, int]:
    """Return the line and column of a spec's own figure; of its first character for others."""
    if file.spec is None or not file.path:
        return (0, 0)
    place = file.spec.figure_places.get((promise.section, promise.metric))
    imported = bool(file.spec.paths)  # its text is none that anybody has seen
    return file.spec.text.line_column(place.start) if place and not imported else (1, 1)


def write_check_json(file: TextIO, checked: Sequence[CheckedFile]) -> None:
    """Write one object per file."""
    write_data(
        file,
        [
            {
                "file": one.name,
                "outcome": "invalid" if one.error else "ok" if one.holds else "failed",
                "figures": [
                    {"section": p.section, "metric": p.metric, "value": p.amount,
                     "expected" if p.section == "expect" else "budget": p.most, "holds": p.holds}
                    for p in list_promises(one)
                ],
                "faults": [fault._asdict() for fault in list_faults(one)],
            }
            for one in checked
        ],
    )  # fmt: skip


def write_junit(file: TextIO, checked: Sequence[CheckedFile]) -> None:
    """Write a suite of one test per figure and one per file, as JUnit does."""
    from xml.etree import ElementTree

    suite = ElementTree.Element("testsuite", name="cnncost check")
    counts = {"tests": 0, "failures": 0, "errors": 0}
    for one in checked:
        for promise in list_promises(one):
            case = _add_case(suite, counts, one, f"{promise.section} {promise.metric}")
            if not promise.holds:
                counts["failures"] += 1
                ElementTree.SubElement(case, "failure", message=promise.text)
        case = _add_case(suite, counts, one, "valid")
        for fault in list_faults(one) if one.error else ():
            place = f"line {fault.line}: " if fault.line else ""
            ElementTree.SubElement(case, "error", message=place + fault.what).text = fault.hint
        counts["errors"] += one.error is not None
    suite.attrib |= {key: str(number) for key, number in counts.items()}
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    file.write(f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n')


def _add_case(suite: Element, counts: dict[str, int], checked: CheckedFile, name: str) -> Element:
    from xml.etree import ElementTree

    counts["tests"] += 1
    return ElementTree.SubElement(suite, "testcase", classname=checked.name, name=name)


def write_annotations(file: TextIO, checked: Sequence[CheckedFile]) -> None:
    """Write one line per file, and a command of GitHub's Actions for each fault of it.

    Actions show such a command, `::error file=net.yaml,line=3,col=9::text`, beside that line.
    """
    for one in checked:
        file.write(f"{check_line(one)}\n")
        for fault in list_faults(one):
            places = {"file": one.path, "line": fault.line, "col": fault.column}
            given = ",".join(
                f"{key}={_escape(str(value), ':,')}" for key, value in places.items() if value
            )
            hint = f"\nhint: {fault.hint}" if fault.hint else ""
            what = fault.what if one.path else f"{one.name}: {fault.what}"
            file.write(f"::error {given}::{_escape(what + hint)}\n".replace("error ::", "error::"))


def _escape(text: str, more: str = "") -> str:
    """Write the characters that end a command, or one of its properties, as Actions read them."""
    for sign in f"%\r\n{more}":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


REPORTS: dict[str, Callable[[TextIO, Sequence[CheckedFile]], None]] = {
    "json": write_check_json,
    "junit": write_junit,
    "github": write_annotations,
}
"""The writers of all files together, by format; `table` writes a line as soon as it is known."""

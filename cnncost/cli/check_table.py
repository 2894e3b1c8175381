"""What `check --table` does: hold a filled-in table to a network's counts."""

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from cnncost import api
from cnncost.cli.output import open_destination
from cnncost.errors import CnncostError
from cnncost.language import Spec


def read_table_text(path: str) -> str:
    """Read a table's file, or standard input (`-`).

    Raises:
        CnncostError: it cannot be read, or it is no text.
    """
    if path == "-":
        return decode_table(sys.stdin.buffer.read(api.LARGEST_FILE + 1), "<stdin>")
    try:
        with open(path, "rb") as file:
            data = file.read(api.LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        raise CnncostError(f"{path}: {what}", "name a table's file, or -") from None
    return decode_table(data, path)


def decode_table(data: bytes, name: str) -> str:
    """Decode a table's bytes: UTF-8, or UTF-16 as spreadsheets write their text.

    Raises:
        CnncostError: too large, or no such text.
    """
    if len(data) > api.LARGEST_FILE:
        raise CnncostError(f"{name}: larger than 10 MiB, so it is no table")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        with suppress(UnicodeDecodeError):
            return data.decode("utf-16")
    if b"\0" in data:
        raise CnncostError(f"{name}: a binary file, not a table", "save the table as CSV, in UTF-8")
    return api.decode_spec(data, name)


class TableWish(NamedTuple):
    """What is asked of a filled-in table: its file, under which convention, and how it is said."""

    path: str
    form: str
    biases: bool = False
    exclude_padding: bool = False


def check_table(spec: Spec, wish: TableWish, output: str, *, force: bool) -> bool:
    """Write what is wrong in a table, and return whether all of it is right.

    Raises:
        CnncostError: the table cannot be read, names a layer that is not there, or one twice.
    """
    from cnncost.formats.answer_table import HINT, read_answers
    from cnncost.study.table_slips import judge_answers
    from cnncost.views.answers_page import answer_lines, answers_data
    from cnncost.views.page_writers import write_data

    name = "<stdin>" if wish.path == "-" else wish.path
    answers = read_answers(read_table_text(wish.path), name)
    if not answers:
        raise CnncostError(f"{name}: no number in the table", HINT)
    report = api.count(spec, biases=wish.biases, exclude_padding=wish.exclude_padding)
    judged = judge_answers(report, answers)
    with open_destination(output, force=force) as file:
        if wish.form == "json":
            write_data(file, answers_data(report, judged))
        else:
            file.writelines(f"{line}\n" for line in answer_lines(report, judged))
    return all(one.holds for one in judged)


def refuse_with_table(archs: list[str], wish: TableWish, others: Mapping[str, object]) -> None:
    """Refuse what a table cannot be checked with.

    Raises:
        CnncostError: there are several networks, both are standard input, the format is of
            reports on files, or another option asks for another check.
    """
    if len(archs) != 1:
        raise CnncostError("--table is of one network", "name one ARCH")
    if archs[0] == wish.path == "-":
        raise CnncostError("the spec and the table are both standard input", "name a file for one")
    if wish.form not in ("table", "json"):
        raise CnncostError(f"--table writes lines or json, no {wish.form}", "write --format json")
    for option, value in others.items():
        if value:
            raise CnncostError(f"--table compares counts, and takes no {option}", f"drop {option}")


def refuse_without_table(wish: TableWish) -> None:
    """Refuse a convention where no table is checked: a spec's own figures have theirs.

    Raises:
        CnncostError: there is one.
    """
    for option, given in (("biases", wish.biases), ("exclude-padding", wish.exclude_padding)):
        if given:
            raise CnncostError(
                f"--{option} says how a table counts", "add --table FILE, or drop it"
            )

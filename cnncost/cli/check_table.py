"""What `check --table` does: hold a filled-in table to a network's counts."""

from collections.abc import Mapping

from cnncost import api
from cnncost.cli import arch_reader
from cnncost.cli.output import open_destination
from cnncost.errors import CnncostError
from cnncost.language import Spec


def read_table_text(path: str) -> str:
    """Read a table's file, or standard input (`-`).

    Raises:
        CnncostError: it cannot be read, or it is no text.
    """
    if path == "-":
        return arch_reader.read_input_text()
    try:
        with open(path, "rb") as file:
            data = file.read(api.LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        raise CnncostError(f"{path}: {what}", "name a table's file, or -") from None
    return api.decode_spec(data, path)


def check_table(spec: Spec, path: str, output: str, *, force: bool) -> bool:
    """Write what is wrong in a table, and return whether all of it is right.

    Raises:
        CnncostError: the table cannot be read, or names a layer that is not there.
    """
    from cnncost.formats.answer_table import HINT, read_answers
    from cnncost.study.table_slips import judge_answers
    from cnncost.views.answers_page import answer_lines

    name = "<stdin>" if path == "-" else path
    answers = read_answers(read_table_text(path), name)
    if not answers:
        raise CnncostError(f"{name}: no number in the table", HINT)
    report = api.count(spec)
    judged = judge_answers(report, answers)
    with open_destination(output, force=force) as file:
        file.writelines(f"{line}\n" for line in answer_lines(report, judged))
    return all(one.holds for one in judged)


def refuse_with_table(
    archs: list[str], form: str, table: str, others: Mapping[str, object]
) -> None:
    """Refuse what a table cannot be checked with.

    Raises:
        CnncostError: there are several networks, both are standard input, the format is for
            programs, or another option asks for another check.
    """
    if len(archs) != 1:
        raise CnncostError("--table is of one network", "name one ARCH")
    if archs[0] == table == "-":
        raise CnncostError("the spec and the table are both standard input", "name a file for one")
    if form != "table":
        raise CnncostError(f"--table writes lines, no {form}", "drop --format")
    for option, value in others.items():
        if value:
            raise CnncostError(f"--table compares counts, and takes no {option}", f"drop {option}")

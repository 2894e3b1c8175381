"""The Python interface: the examples of its page run, and results are what the commands print."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
from command import run

import cnncost

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def examples(*, torch: bool) -> str:
    """The page's examples, those that need PyTorch or the others."""
    blocks = re.findall(r"```pycon\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    chosen = [block for block in blocks if ("torch" in block) == torch]
    assert chosen
    return "\n".join(["import cnncost".join([">>> ", "\n"]), *chosen])


def run_examples(text: str) -> doctest.TestResults:
    test = doctest.DocTestParser().get_doctest(text, {}, "python.md", str(PAGE), 0)
    return doctest.DocTestRunner(verbose=False).run(test)


def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_examples(examples(torch=False))
    assert done.attempted > 15
    assert done.failed == 0
    assert (tmp_path / "lenet5.svg").stat().st_size > 1000


@pytest.mark.parametrize("form", ["table", "csv", "tsv", "json", "markdown", "latex", "html"])
def test_results_are_what_the_commands_print(form: str) -> None:
    shown = cnncost.table("lenet5", sort="weights", top=3)
    assert shown.write(form) == run(
        "table", "lenet5", "--sort", "weights", "--top", "3", "-f", form
    ).stdout  # fmt: skip
    compared = cnncost.compare("alexnet", "lenet5")
    assert compared.write(form) == run("compare", "alexnet", "lenet5", "-f", form).stdout
    assert cnncost.memory("m5", batch=2).write(form) == run(
        "memory", "m5", "--batch", "2", "-f", form
    ).stdout  # fmt: skip


def test_a_notebook_shows_a_table_alone() -> None:
    shown = cnncost.compare("alexnet", "lenet5", totals=True)._repr_html_()
    assert shown.count("<table>") == 1
    assert "<html" not in shown
    assert "200,415,264" in shown


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: cnncost.table("lenet5").write("xls"),
        lambda: cnncost.table("lenet5", columns="price"),
        lambda: cnncost.memory("lenet5", dtype="fp7"),
        lambda: cnncost.memory("lenet5", optimizer="luck"),
        lambda: cnncost.compare("lenet5"),
        lambda: cnncost.suggest("lenet5", budgets=["weight"]),
        lambda: cnncost.suggest("lenet5", forbid=["hope"]),
        lambda: cnncost.draw("lenet5").save("lenet5.doc"),
        lambda: cnncost.table("no such network"),
    ],
)
def test_what_is_wrong_is_an_error_of_ours(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(cnncost.CnncostError):
        wrong()

"""Every command in every format that it has: what is written parses, whatever names it holds."""

from __future__ import annotations

import csv
import io
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import run
from system import FORMS, forms, options

from cnncost.cli.main import COMMANDS
from cnncost.views.check_reports import REPORTS
from cnncost.views.grid import write_page
from cnncost.views.markup import page_html, page_latex, page_markdown
from cnncost.views.page import Page, Remark, Results, Table, Title
from cnncost.views.page_writers import WRITERS, write_results

NAME = 'A & B <b>"x"</b> |y| 50% #1_2 {$z^2$} ~ \\d </title><script>é 網'

SPEC = (
    f"name: {json.dumps(NAME, ensure_ascii=False)}\nnotes: {json.dumps(NAME)}\n"
    "published: {weights: 'a | <b> & c'}\nparams: {a: 4}\ninput: [1, 8, 8]\n"
    "layers: [{name: c_1, conv: a, kernel: 3, padding: 1}, relu, {linear: 5}]\n"
)

NEURON = (
    f"name: {json.dumps(NAME, ensure_ascii=False)}\ninput: [2]\n"
    "layers: [{dense: 1, values: {weights: [[1, 2]], bias: [3]}}]\n"
)

FILE = "a & b_<i>|50%.yaml"

CALLS = {
    "table": ("table", FILE),
    "table --memory": ("table", FILE, "--memory", "--training", "--columns", "layer,output_shape"),
    "explain": ("explain", FILE),
    "suggest": ("suggest", FILE),
    "suggest --budget": ("suggest", FILE, "--budget", "weights=60%", "--explain"),
    "suggest --pareto": ("suggest", FILE, "--pareto", "weights"),
    "compare": ("compare", FILE, "lenet5", FILE),
    "layers": ("layers", "conv"),
    "memory": ("memory", FILE),
    "sweep": ("sweep", FILE, "--set", "a=2,4"),
    "run": ("run", "neuron.yaml", "1,2"),
    "zoo": ("zoo",),
    "devices": ("devices",),
    "boards": ("boards",),
    "fit": ("fit", FILE, "--sram", "1MiB", "--flash", "1MiB"),
    "check": ("check", FILE, "lenet5"),
}
"""A call of each command that writes in several formats, and that needs no package."""

VOID = ("meta",)


class Reader(HTMLParser):
    """Takes a page apart; every tag that opens must close, and nothing may run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = "html head meta title style body h1 h2 p table caption thead tbody tfoot tr th td"
        assert tag in known.split()
        assert {key for key, _ in attrs} <= {"lang", "charset", "class"}
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        elif self.open and self.open[-1] != "style":
            self.texts.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert text.isascii()  # whatever encoding it is read in
    return reader


def parse(form: str, text: str) -> None:
    """Hold that a text is of its format."""
    if form in ("csv", "tsv"):
        rows = list(csv.reader(io.StringIO(text), delimiter="," if form == "csv" else "\t"))
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1
    elif form == "json":
        json.loads(text)
    elif form == "jsonl":
        assert all(json.loads(line) for line in text.splitlines())
    elif form == "junit":
        assert ElementTree.fromstring(text)[0].get("errors") == "0"
    elif form == "html":
        assert text.startswith("<!DOCTYPE html>")
        assert read(text).rows
    elif form == "latex":
        assert text.count(r"\begin{") == text.count(r"\end{") > 0
    else:
        assert text.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("page")
    (place / FILE).write_text(SPEC, encoding="utf-8")
    (place / "neuron.yaml").write_text(NEURON, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    ("call", "form"), [(call, form) for call, words in CALLS.items() for form in forms(words[0])]
)
def test_every_command_in_every_format(call: str, form: str, folder: Path) -> None:
    done = run(*CALLS[call], FORMS, form, cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    assert not done.stderr
    parse(form, done.stdout)
    if form == "latex" and shutil.which("pdflatex"):
        from test_latex import compile_latex

        compile_latex(done.stdout.replace("網", "?"), folder)


def test_no_command_with_formats_is_forgotten() -> None:
    called = {words[0] for words in CALLS.values()} | {"draw", "verify"}
    assert {name for name in COMMANDS if forms(name)} == called


def test_a_format_is_a_writer() -> None:
    for name in COMMANDS:
        if name != "draw":  # pictures
            assert set(forms(name)) <= {*WRITERS, *REPORTS, "jsonl"}
    assert forms("table") == [*WRITERS]


@pytest.mark.parametrize("command", ["explain", "layers", "memory", "run"])
def test_what_was_called_text_is_the_table(command: str, folder: Path) -> None:
    default = run(*CALLS[command], cwd=folder)
    assert run(*CALLS[command], FORMS, "text", cwd=folder).stdout == default.stdout != ""


def test_a_format_that_a_command_lacks_is_refused_with_its_own() -> None:
    done = run("layers", FORMS, "csv")
    assert done.returncode == 2
    said = " ".join(done.stderr.replace("│", " ").split())
    assert said.count("'csv' is not one of 'table', 'markdown'.") == 1
    done = run("explain", "lenet5", "--backward", FORMS, "csv")
    assert done.returncode == 2
    assert done.stderr == (
        "--backward writes equations, which are no csv\n  hint: --format table, markdown or latex\n"
    )


def test_every_command_calls_its_formats_alike() -> None:
    for name in COMMANDS:
        defaults = [one.default for one in options(name) if FORMS in one.opts and name != "draw"]
        assert defaults in ([], ["table"])


PAGE = Page(
    [
        Title("One & <two>"),
        Table(
            ["name", "shape", "n"],
            [["a|b", "2x3", "1"], ["<td>", "", "1,024"]],
            words=(0, 1),
            total=["total", "", "1,025"],
            caption=["Said of a & b.", "And -> more."],
            about="Net_1.",
            extents=(1,),
            bold=(1,),
        ),
        Remark("5 % <less>"),
    ],
    "Net_1",
)

MARKDOWN = """\
## One & <two>

| name | shape | n |
| --- | --- | ---: |
| a\\|b | 2x3 | 1 |
| <td> |  | 1,024 |
| **total** |  | **1,025** |

Net_1. Said of a & b. And -> more.

5 % <less>
"""

LATEX = r"""\subsection*{One \& \textless{}two\textgreater{}}

% Needs \usepackage{booktabs}.
% About 109 pt wide at 10 pt: fits a column of 252 pt.
\begin{table}
  \centering
  \begin{tabular}{llr}
    \toprule
    name & shape & n \\
    \midrule
    a\textbar{}b & $2 \times 3$ & 1 \\
    \textless{}td\textgreater{} &  & 1,024 \\
    \midrule
    total &  & 1,025 \\
    \bottomrule
  \end{tabular}
  \caption{Net\_1. Said of a \& b. And -\textgreater{} more.}
  \label{tab:net-1}
\end{table}

5 \% \textless{}less\textgreater{}
"""


def test_a_page_as_markdown_and_latex() -> None:
    assert page_markdown(PAGE) == MARKDOWN
    assert page_latex(PAGE) == LATEX


def test_a_page_as_html() -> None:
    text = page_html(PAGE)
    found = read(text)
    assert found.rows == [
        ["name", "shape", "n"], ["a|b", "2x3", "1"], ["<td>", "", "1,024"], ["total", "", "1,025"],
    ]  # fmt: skip
    said = [part for part in found.texts if part.strip()]
    assert said == ["Net_1", "Net_1", "One & <two>", "Said of a & b. And -> more.", "5 % <less>"]
    assert '<td class="number">1,024</td>' in text
    assert "<script" not in text


def test_a_page_in_the_terminal() -> None:
    file = io.StringIO()
    write_page(file, PAGE)
    lines = [line.split() for line in file.getvalue().splitlines() if line]
    assert lines[0] == ["One", "&", "<two>"]
    assert ["<td>", "1,024"] in lines
    assert lines[-1] == ["5", "%", "<less>"]


def test_the_name_of_a_network_gets_out_of_nothing(folder: Path) -> None:
    for call in ("table", "compare", "memory", "sweep", "explain", "suggest", "run"):
        found = read(run(*CALLS[call], FORMS, "html", cwd=folder).stdout)
        assert any(NAME in text for text in found.texts), call


def test_records_are_written_as_they_come() -> None:
    """`run` reads an example, and writes it before the next is there."""
    file = io.StringIO()
    seen = []

    def records() -> object:
        for at in range(3):
            seen.append(file.getvalue().count("\n"))
            yield (at,)

    write_results(file, Results(lambda: PAGE, records, dict), "csv")  # type: ignore[arg-type]
    assert seen == [0, 1, 2]
    assert file.getvalue() == "0\n1\n2\n"

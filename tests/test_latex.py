"""LaTeX outputs compile: with pdflatex where there is one, which CI installs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from command import run
from kinds import list_kinds

import cnncost
from cnncost.study.backward.backward_pass import derive_equations
from cnncost.study.comparison import Side, compare_networks
from cnncost.study.explanation import explain_layers, explain_totals
from cnncost.views.backward.gradient_writers import write_gradients as write_backward
from cnncost.views.comparison_page import ComparisonLayout as Comparing
from cnncost.views.comparison_page import comparison_results
from cnncost.views.explanation_page import explanation_results as workings_results
from cnncost.views.markup import escape_latex
from cnncost.views.page_writers import write_results
from cnncost.views.table_page import TableLayout, table_results

pytestmark = pytest.mark.skipif(
    shutil.which("pdflatex") is None and "CI" not in os.environ,
    reason="no pdflatex here; CI installs one",
)

ODD = r"""
name: 50% of A_B & #C {$x^2$} ~ \d <e> |f|
notes: under_scores & 100%
input: {left_one: [1, 8, 8], right: [1, 8, 8]}
layers:
  - {name: a_1, conv: 2, kernel: 3, from: left_one}
  - {name: b_2, conv: 2, kernel: [3, 3], padding: [[0, 1], [1, 0]], from: right, share: a_1}
"""


def compile_latex(body: str, folder: Path) -> str:
    """Its log."""
    text = (
        "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{amsmath,booktabs}\n"
        f"\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )
    (folder / "page.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "page.pdf").stat().st_size > 1000
    return done.stdout


def specs() -> list[cnncost.Spec]:
    return [*map(cnncost.load, list_kinds()), cnncost.loads(ODD)]


def test_tables(tmp_path: Path) -> None:
    file = StringIO()
    columns = "layer,type,input_shape,output_shape,kernel,padding,units,weights,connections"
    for spec in specs():
        for layout in (
            TableLayout(form="latex"),
            TableLayout(form="latex", columns=columns, every=True),
        ):
            write_results(file, table_results(cnncost.count(spec), layout), "latex")
            file.write("\\clearpage\n")
    compile_latex(file.getvalue(), tmp_path)


def test_workings(tmp_path: Path) -> None:
    file = StringIO()
    for spec in specs():
        report = cnncost.count(spec, biases=True, exclude_padding=True)
        explained = explain_layers(report, every=True)
        write_results(file, workings_results(report, explained, explain_totals(report)), "latex")
    compile_latex(file.getvalue(), tmp_path)


def test_comparisons(tmp_path: Path) -> None:
    file = StringIO()
    odd = cnncost.loads(ODD)
    for names in (["alexnet", "alexnet_pooled"], ["vgg16", "alexnet", "lenet5"]):
        some = [(name, cnncost.load(name)) for name in names]
        sides = [Side(name, spec, cnncost.count(spec)) for name, spec in some]
        sides.append(Side("50%_odd", odd, cnncost.count(odd)))
        write_results(
            file,
            comparison_results(compare_networks(sides), Comparing(form="latex", every=True)),
            "latex",
        )
        file.write("\\clearpage\n")
    compile_latex(file.getvalue(), tmp_path)


def test_gradient_equations(tmp_path: Path) -> None:
    file = StringIO()
    every = "\n".join(f"  - {{name: a_{i}, {line}}}" for i, line in enumerate(EVERY))
    text = f"name: A_B & C\ninput: [4, 8, 8]\nlayers:\n{every}\n"
    for spec in (*specs()[::2], cnncost.loads(text)):  # every other one: TeX takes its time
        write_backward(file, derive_equations(spec.network), (), "latex", plain=False)
    for spec in (cnncost.loads(text), cnncost.load("residual_mlp"), cnncost.load("lenet5")):
        found = derive_equations(spec.network)
        write_backward(file, found, (), "latex", plain=False, indexed=True)
    log = compile_latex(file.getvalue(), tmp_path)
    assert "Overfull \\vbox" not in log  # equations go on on the next page


EVERY = (
    *("conv: 8, kernel: [1, 3], padding: [[0, 1], 1]", "lrn: 3", "groupnorm: 2", "prelu"),
    *("attention: 2", "conv_transpose: 4, kernel: 2, stride: 2", "upsample: 2, mode: bilinear"),
    *("permute: [1, 3, 2]", "dropout: 0.5", "softmax", "logsoftmax", "avgpool: 2", "linear: 6"),
    *("slice: [0, 4]", "channel_shuffle: 2", "mul: [previous, previous]", "dense: 3"),
    "opaque: {output: [7], op: Q}",
)
"""Lines with every kind of formula."""


def test_special_characters_are_escaped() -> None:
    assert escape_latex("50% a_b") == r"50\% a\_b"


@pytest.mark.parametrize(
    "command",
    ["table alexnet", "table lenet5 --all", "table resnet50 --depth 1", "compare alexnet vgg16",
     "compare alexnet vgg16 resnet50 --totals", "zoo"],
)  # fmt: skip
def test_the_width_is_that_of_latex(command: str, tmp_path: Path) -> None:
    """The estimate may be a little more: it is to say whether a table fits."""
    text = run(*command.split(), "--format", "latex").stdout
    tabulars = re.findall(r"\\begin\{tabular\}.*?\\end\{tabular\}", text, re.DOTALL)
    boxes = [f"\\sbox0{{{one}}}\\typeout{{WIDTH=\\the\\wd0}}" for one in tabulars]
    log = compile_latex("\n".join([*boxes, "done"]), tmp_path)
    measured = max(map(float, re.findall(r"WIDTH=([\d.]+)pt", log)))
    found = re.search(r"% About ([\d,]+) pt wide at 10 pt: (fits|does not fit)", text)
    assert found is not None
    estimated = float(found[1].replace(",", ""))
    assert measured * 0.99 <= estimated <= measured * 1.1, (estimated, measured)
    assert (found[2] == "fits") == (estimated <= 252)

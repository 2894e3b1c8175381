"""Figures as files: their fonts, TikZ in a paper, colours in grey, and what is refused."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

import cnncost
from cnncost.errors import CnncostError
from cnncost.views.draw.figure import (
    FigureOptions,
    draw_figure,
    draw_network,
)
from cnncost.views.draw.figure_canvas import COLOURS, Canvas


def drawn(name: str, form: str, **options: str) -> bytes:
    file = io.BytesIO()
    draw_figure(file, cnncost.count(cnncost.load(name)), form, 85, FigureOptions(**options))
    return file.getvalue()


def test_a_pdf_carries_truetype(tmp_path: Path) -> None:
    data = drawn("lenet5", "pdf")
    assert b"/Type3" not in data
    assert b"/CIDFontType2" in data
    if shutil.which("pdffonts"):
        path = tmp_path / "net.pdf"
        path.write_bytes(data)
        fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True)
        rows = fonts.stdout.splitlines()[2:]
        assert rows
        assert all(re.search(r"TrueType .* yes yes", row) for row in rows)


def test_an_svg_carries_its_letters() -> None:
    import base64

    from fontTools.ttLib import TTFont

    svg = drawn("minmax", "svg", font="serif").decode()
    (data,) = re.findall(r"base64,([^)]*)\)", svg)
    font = TTFont(io.BytesIO(base64.b64decode(data)))
    assert set("inputhdeorl") <= {chr(code) for code in font.getBestCmap()}


PAPER = (
    "\\documentclass{article}\\usepackage{tikz}\\usetikzlibrary{arrows.meta}\\begin{document}\n"
    "\\begin{figure}\\input{net}\\caption{A}\\end{figure}\n"
    "\\begin{figure}\\input{other}\\caption{B}\\end{figure}\n\\end{document}\n"
)


@pytest.mark.skipif(
    not shutil.which("kpsewhich")
    or subprocess.run(["kpsewhich", "tikz.sty"], capture_output=True, check=False).returncode != 0,
    reason="no TikZ here",
)
def test_tikz_compiles_alone_and_in_a_paper(tmp_path: Path) -> None:
    (tmp_path / "net.tex").write_bytes(drawn("googlenet", "tex"))
    (tmp_path / "other.tex").write_bytes(drawn("minmax", "tex"))
    (tmp_path / "paper.tex").write_text(PAPER, encoding="utf-8")
    for page in ("net.tex", "paper.tex"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", page]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False
        )
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Overfull" not in done.stdout or page == "paper.tex"
        assert page != "net.tex" or "(1 page" in done.stdout


def test_colours_differ_in_grey() -> None:
    """Luma after ITU-R BT.601, in steps of 256."""
    shades = []
    for key, colour in COLOURS.items():
        red, green, blue = (int(colour.faces[0][i : i + 2], 16) for i in (1, 3, 5))
        shades.append((0.299 * red + 0.587 * green + 0.114 * blue, key))
    for (one, key), (other, other_key) in combinations(sorted(shades), 2):
        assert other - one > 7, (key, other_key)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (FigureOptions(opened=("conv9",)), "no block conv9 to open"),
        (FigureOptions(style="nodes"), "--style nodes shows dense layers of at most 16 units"),
        (FigureOptions(style="volumes", depth=9), "volumes have no room in 85 mm"),
        (FigureOptions(flat=("conv9",)), "no layer conv9 to draw flat"),
        (FigureOptions(style="blocks", flat=("conv1",)), "nothing has depth in blocks"),
    ],
)
def test_what_a_figure_refuses(options: FigureOptions, said: str) -> None:
    with pytest.raises(CnncostError, match=re.escape(said)):
        draw_network(Canvas(85), cnncost.load("resnet50").network, options)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--style", "cubes"], "--style cubes is none of volumes, nodes, blocks"),
        (["--font", "comic"], "--font comic is none of sans, serif"),
        (["--bars", "--style", "blocks"], "--bars has no --style"),
        (["--bars", "--flat", "C1"], "--bars has no --flat"),
        (["--arena", "--open", "C1"], "--arena has no --open"),
    ],
)
def test_words_that_it_refuses(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "cnncost", "draw", "lenet5", "-o", "-", "-f", "svg"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr

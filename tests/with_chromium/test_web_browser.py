"""Pages used in a headless Chromium, which CI installs: click, sort, hover, keys, telephones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, start_browser
from web import OPAQUE, list_rows, make_page, make_pair, read_data

import cnncost
from cnncost.cli.web_pages import PageMeasure, PlanRequest, make_plan_page
from cnncost.views.amounts import as_duration, as_mebibytes
from cnncost.views.comparison_totals import percent_text
from cnncost.views.web.web_page import write_web_page


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    timed = PageMeasure({}, cnncost.api.load_device("rtx4090"))
    asked = PlanRequest("alexnet", ("connections=50%",), (), (), 60.0, 10_000, False, "")
    made = {
        "resnet50": make_page("resnet50"),
        "unet": make_page("unet", timed),
        "half": make_page(OPAQUE),
        "plan": make_plan_page(asked, PageMeasure({}))[0],
        "pair": make_pair("alexnet", "alexnet_pooled"),
    }
    for name, page in made.items():
        (folder / f"{name}.html").write_text(write_web_page(page), encoding="ascii")
    return folder


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with start_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    yield chromium
    assert chromium.complaints == []
    assert [url.partition(":")[0] for url in chromium.requests] == ["file"]  # the page itself


def find_part(name: str) -> str:
    """The selector of a part of the wide figure, by what it is called."""
    return f'figure .picture:first-of-type g.p[aria-label^="{name}:"] .f'


def test_a_part_is_clicked(browser: Browser, pages: Path) -> None:
    browser.show(pages / "resnet50.html")
    browser.click(find_part("conv3 \u00d7 4"))
    assert browser.text("#panel h3") == "conv3 \u00d7 4"
    # As `test_web_page.py` adds it up: 1,027,604,480 of 4,089,184,256 connections are 25.13 %.
    shares = dict(
        zip(browser.texts("#panel th"), browser.texts("#panel td:last-child"), strict=True)
    )
    assert shares["connections"] == "25.1 % of all"
    assert "1,027,604,480" in browser.texts("#panel td")
    assert len(browser.texts("#layers tr.chosen")) == 4 * 3 + 1


def test_a_layer_shows_its_working(browser: Browser, pages: Path) -> None:
    browser.show(pages / "resnet50.html")
    browser.click(find_part("conv3 \u00d7 4"))
    (at,) = [i for i, name in enumerate(browser.texts("#panel .members button"))
             if name == "conv3a.middle.conv1"]  # fmt: skip
    browser.click(f"#panel .members li:nth-child({at + 1}) button")
    assert browser.text("#panel h3") == "conv3a.middle.conv1"
    said = browser.texts("#panel p")[0]
    assert said == "conv, 128x56x56 \u2192 128x28x28"
    assert "floor((56 + 1 + 1 - 3) / 2) + 1 = 28" in browser.texts("#panel dd")
    assert "3 x 3 x 128 x 128 = 147,456" in browser.texts("#panel dd")
    browser.click("#panel .close")
    assert browser.texts("tr.chosen") == []


def test_the_table_is_sorted(browser: Browser, pages: Path) -> None:
    browser.show(pages / "resnet50.html")
    head = browser.texts("#layers thead th")
    column = head.index("connections") + 1
    cells = f"#layers tbody tr > :nth-child({column})"
    given = browser.texts(cells)
    numbers = [int(text.replace(",", "")) for text in given]
    assert len(numbers) == 54
    assert sum(numbers) == 4_089_184_256
    for state, order in (("descending", sorted(numbers, reverse=True)),
                         ("ascending", sorted(numbers)), ("none", numbers)):  # fmt: skip
        browser.click(f"#layers thead th:nth-child({column}) button")
        assert [int(text.replace(",", "")) for text in browser.texts(cells)] == order
        cell = f"document.querySelector('#layers thead th:nth-child({column})')"
        assert browser.run(f"{cell}.getAttribute('aria-sort')") == state


def test_the_rows_add_up(browser: Browser, pages: Path) -> None:
    """The saved bytes of norms are in a row of their own until all layers are shown."""
    browser.show(pages / "unet.html")
    assert browser.texts("#layers tfoot td:first-child") == ["others", "total"]
    shown = len(browser.texts("#layers tbody tr"))
    browser.click("#layers input[name=every]")
    assert len(browser.texts("#layers tbody tr")) > shown
    total = cnncost.time(cnncost.load("unet"), "rtx4090").picoseconds
    assert browser.texts("#layers tfoot .total td")[6] == as_duration(total)


def test_what_is_alive_under_the_pointer(browser: Browser, pages: Path) -> None:
    browser.show(pages / "unet.html")
    rows = list_rows((pages / "unet.html").read_text())
    steps = int(browser.run("document.querySelector('.bars').getAttribute('aria-valuemax')"))
    x, y = browser.find(".bars")
    wide = browser.run("document.querySelector('.bars').getBoundingClientRect().width")
    seen = set()
    for step in range(5, steps, 9):
        browser.move(x - wide / 2 + (step + 0.5) * wide / steps, y)
        name, _, rest = browser.text(".timeline .said").partition(" (")
        assert rest.startswith(f"step {step + 1} of {steps}): ")
        bytes_ = browser.run(
            "[...document.querySelectorAll('.alive li')].map(e => e.dataset.bytes)"
        )
        assert sum(map(int, bytes_)) == rows[name]["live_bytes"]
        seen.add(name)
    assert len(seen) == len(range(5, steps, 9))


def test_keys_are_enough(browser: Browser, pages: Path) -> None:
    browser.show(pages / "resnet50.html")
    while browser.run("!document.activeElement.matches('g.p')"):
        browser.press("Tab")
    browser.press("ArrowRight")
    browser.press("Enter")
    assert browser.text("#panel h3") == "conv1"
    assert browser.run("document.activeElement.id") == "panel"
    browser.press("Escape")
    assert browser.run("document.activeElement.getAttribute('aria-label')").startswith("conv1: ")
    assert browser.texts("#panel h3") == []
    browser.press("Tab")  # one part at a time is in the order of Tab
    assert browser.run("document.activeElement.className") == "bars"
    peak = int(browser.run("document.activeElement.getAttribute('aria-valuenow')"))
    browser.press("ArrowLeft")
    said = browser.run("document.activeElement.getAttribute('aria-valuetext')")
    assert f"(step {peak - 1} of " in said
    browser.press("Enter")
    assert said.startswith(browser.text("#panel h3"))


def test_heat_is_a_share_of_the_largest(browser: Browser, pages: Path) -> None:
    browser.show(pages / "resnet50.html")
    browser.click("input[value=connections]")
    heat = {
        name: browser.run(
            f"getComputedStyle(document.querySelector('{find_part(name)}').parentNode)"
            ".getPropertyValue('--h')"
        )
        for name in ("conv3 \u00d7 4", "conv4 \u00d7 6", "input")
    }
    # conv4: the first block as in conv3, at half the extents and twice the channels; five others.
    first = 28 * 28 * 512 * 256 + 14 * 14 * (9 * 256 * 256 + 256 * 1024 + 512 * 1024)
    most = first + 5 * 14 * 14 * (1024 * 256 + 9 * 256 * 256 + 256 * 1024)
    share = f"{100 * 1_027_604_480 / most:.1f}%"
    assert heat == {"conv3 \u00d7 4": share, "conv4 \u00d7 6": "100.0%", "input": "0.0%"}
    assert browser.text(".scale .most") == f"{most:,} connections"


def test_unknown_costs(browser: Browser, pages: Path) -> None:
    browser.show(pages / "half.html")
    assert browser.texts("#layers tbody tr:nth-child(2) td")[3] == "?"
    assert browser.texts("#layers tfoot .total td")[5] == ">= 2,156"
    browser.click("#layers tbody tr:nth-child(1) button")
    assert "81.8 % of what is known" in browser.texts("#panel td")  # 1,764 of 2,156
    browser.click("input[value=weights]")
    assert len(browser.texts(".wide .unknown")) == 1


def test_partners_are_chosen_together(browser: Browser, pages: Path) -> None:
    browser.show(pages / "plan.html")
    browser.click(find_part("fc2"))
    assert browser.texts("#panel h2") == ["A: before", "B: after"]
    assert browser.texts("#panel h3") == ["fc2", "fc2"]
    assert len(browser.texts("figure g.p.chosen")) == 2
    browser.show(pages / "pair.html")
    before = len(browser.texts("#layers tbody tr"))
    browser.click("#layers input[name=changed]")
    assert 1 <= len(browser.texts("#layers tbody tr")) < before
    assert browser.texts("#layers tbody th") == ["fc1"]  # of layers with weights


def test_numbers_are_written_as_elsewhere(browser: Browser, pages: Path) -> None:
    """Ties go to the even digit, as in Python."""
    browser.show(pages / "half.html")
    sizes = [0, 1023, 104_857, 104_858, 2**20 * 9 // 8, 2**20 * 11 // 8, 2**53 + 2**17, 5 * 10**20]
    for size in sizes:
        assert browser.run(f"writeBytes({size}n)") == as_mebibytes(size)
    for time in [0, 7, 999, 1000, 1_125_000, 1_135_000, 9_994_999, 99_950_000, 10**12 * 5000]:
        assert browser.run(f"writeTime({time}n)") == as_duration(time)
    for a, b in [(3, 3), (0, 5), (3, 2), (2000, 2001), (3000, 3001), (7, 7000), (16, 17)]:
        assert browser.run(f"writeChange({a}n, {b}n)") == percent_text(a, b)


@pytest.mark.parametrize("name", ["resnet50", "plan", "half"])
def test_telephones_scroll_one_way(name: str, browser: Browser, pages: Path) -> None:
    browser.show(pages / f"{name}.html", 390)
    assert browser.run("document.documentElement.scrollWidth") == 390
    shown = "[...document.querySelectorAll('.picture')].filter(e => e.offsetWidth).length"
    assert browser.run(shown) == len(read_data((pages / f"{name}.html").read_text())["networks"])


def test_dark_and_paper(browser: Browser, pages: Path) -> None:
    browser.show(pages / "unet.html", dark=True)
    paper = "getComputedStyle(document.body).backgroundColor"
    assert browser.run(paper) == "rgb(20, 23, 27)"
    browser.call("Emulation.setEmulatedMedia", media="print",
                 features=[{"name": "prefers-color-scheme", "value": "dark"}])  # fmt: skip
    try:
        assert browser.run(paper) == "rgb(255, 255, 255)"
        hidden = "getComputedStyle(document.querySelector('.controls')).display"
        assert browser.run(hidden) == "none"
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")

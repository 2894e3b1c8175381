"""Cut a font down to the letters of a figure, so that an SVG can carry it."""

from __future__ import annotations

import base64
import io
import logging
from functools import lru_cache


def write_font_face(family: str, text: str) -> str:
    """Write the CSS rule that carries the letters of a text in TrueType; empty if there is no
    such font."""
    return _subset_font(family, "".join(sorted(set(text) - {"\n"})))


@lru_cache(maxsize=64)
def _subset_font(family: str, letters: str) -> str:
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from matplotlib.font_manager import FontProperties, findfont

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = Options(layout_features=[], hinting=False, notdef_outline=True)
    options.drop_tables += ["FFTM", "GSUB", "GPOS", "GDEF"]
    with TTFont(findfont(FontProperties(family=family)), lazy=True, recalcTimestamp=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(text=letters)
        subsetter.subset(font)
        file = io.BytesIO()
        font.save(file)
    data = base64.b64encode(file.getvalue()).decode()
    return f"@font-face{{font-family:'{family}';src:url(data:font/ttf;base64,{data})}}"

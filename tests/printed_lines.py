"""The equations of a network as a pipe gets them, one line each."""

from __future__ import annotations

import re
from io import StringIO
from unicodedata import normalize

import cnncost
from cnncost.network import Network
from cnncost.study.backward.backward_pass import derive_equations
from cnncost.views.backward.gradient_writers import write_gradients


def equations(text: str | Network, *, indexed: bool = False) -> list[str]:
    """All equations, forward and backward, without their connections."""
    network = cnncost.loads(text).network if isinstance(text, str) else text
    file = StringIO()
    write_gradients(file, derive_equations(network), (), "text", plain=False, indexed=indexed)
    rows = [row for row in file.getvalue().splitlines() if row.startswith("  ") and " = " in row]
    return [normalize("NFD", re.sub(r"  +[\d,?]+$", "", row).strip()) for row in rows]


def nfd(*texts: str) -> list[str]:
    return [normalize("NFD", text) for text in texts]

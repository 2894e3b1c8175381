"""Write a spec as it is: its own text, with comments and layout."""

from __future__ import annotations

from cnncost.language import Spec


def write(spec: Spec) -> bytes:
    """Return the spec's text; for an import, the text that it was turned into."""
    return spec.text.text.encode()

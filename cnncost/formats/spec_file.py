"""The spec itself as a form: its own text, comments and layout kept."""

from __future__ import annotations

from cnncost.language import Spec


def write(spec: Spec) -> bytes:
    """The spec's text; for an import, the text that it was read as."""
    return spec.text.text.encode()

"""How far a search is: a line on a terminal, nothing in a pipe."""

import sys
from collections.abc import Callable


def make_progress() -> Callable[[str], None] | None:
    """Make a function that shows how far the search is; None where nobody looks."""
    if not sys.stderr.isatty():
        return None

    def tell(text: str) -> None:
        sys.stderr.write(f"\r\x1b[Ksearching: {text}")
        sys.stderr.flush()

    return tell


def clear_progress() -> None:
    """Take the progress line away."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()

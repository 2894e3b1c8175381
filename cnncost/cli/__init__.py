"""The command line: it alone reads files, prints and exits."""

from cnncost.cli.main import main

__all__ = ["main"]

"""The command line: it alone reads files, prints and exits."""


def main() -> None:
    """Run the command line and exit: 0 fine, 1 the answer is no, 2 wrong use or spec."""
    import gc

    # Start-up makes many objects and no garbage: collecting is a tenth of its time.
    gc.disable()
    from cnncost.cli.main import run

    run()


__all__ = ["main"]

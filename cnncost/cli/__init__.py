"""The command line: only this package reads files, prints and exits."""


def main() -> None:
    """Run the command line and exit: 0 fine, 1 the answer is no, 2 wrong use, 130 Ctrl-C."""
    try:
        import gc

        # Start-up makes many objects and no garbage: collecting is a tenth of its time.
        gc.disable()
        from cnncost.cli.main import run_app

        run_app()
    except KeyboardInterrupt:
        _exit_interrupted()
    except RuntimeError as error:
        # Before Python 3.12 what interrupts __set_name__ while a class is made is its cause.
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        _exit_interrupted()
    except MemoryError:
        _exit_out_of_memory()


def _exit_interrupted() -> None:
    import sys

    from cnncost.cli.streams import INTERRUPTED, drop_output

    drop_output()  # in a pipe its reader has been interrupted too
    # On a terminal a line of progress may stand there, and the terminal's own ^C.
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{clear}interrupted\n")
    sys.exit(INTERRUPTED)


def _exit_out_of_memory() -> None:
    import sys

    from cnncost.cli.streams import drop_output

    drop_output()
    sys.stderr.write("not enough memory\n")
    sys.exit(2)


__all__ = ["main"]

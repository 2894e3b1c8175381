"""Runs the command in forks of one process that has imported it: the start of a Python with all of
the command's imports takes longer than most of what tests have it do."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import IO

IMPORTED = (
    *("cnncost.api", "cnncost.cli.main", "cnncost.views.table_page", "cnncost.views.page_writers"),
    *("typer._adapters", "typer.rich_utils", "rich.markdown", "rich.table"),
)
"""What every fork has imported already: most commands, or their messages, would import it."""


class Served(subprocess.CompletedProcess[bytes]):
    """How one run ended."""


@cache
def start_server(worker: int) -> socket.socket:
    """Start the server; it ends with the process that started it."""
    ours, theirs = socket.socketpair()
    number = theirs.fileno()
    program = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    program += f"from fork_server import serve\nserve({number})"
    subprocess.Popen([sys.executable, "-c", program], pass_fds=[number])
    theirs.close()
    return ours


def run_forked(
    arguments: Sequence[str],
    cwd: Path | None,
    environment: Mapping[str, str],
    data: bytes = b"",
    output: int | None = None,
) -> Served:
    """Run the command with standard streams that are pipes, as `subprocess.run` does; or with its
    output where a file is open for writing."""
    server = start_server(os.getpid())
    (read_in, write_in), (read_out, write_out), (read_err, write_err) = (
        os.pipe(), os.pipe(), os.pipe(),
    )  # fmt: skip
    request = {"argv": list(arguments), "cwd": str(cwd or Path.cwd()), "env": dict(environment)}
    message = json.dumps(request).encode()
    streams = [read_in, write_out if output is None else output, write_err]
    socket.send_fds(server, [len(message).to_bytes(4, "big")], streams)
    server.sendall(message)
    for number in (read_in, write_out, write_err):
        os.close(number)
    found: dict[int, bytes] = {}
    threads = [Thread(target=_read_whole, args=(n, found)) for n in (read_out, read_err)]
    for thread in threads:
        thread.start()
    try:
        with os.fdopen(write_in, "wb") as file:
            file.write(data)
    except BrokenPipeError:
        pass  # it ended without reading it
    for thread in threads:
        thread.join()
    code = int.from_bytes(_receive(server, 4), "big", signed=True)
    return Served(list(arguments), code, found[read_out], found[read_err])


def _read_whole(number: int, found: dict[int, bytes]) -> None:
    with os.fdopen(number, "rb") as file:
        found[number] = file.read()


def _receive(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise EOFError
        found += part
    return found


# The server's own side


def serve(number: int) -> None:
    """Serve runs one after another, until nobody asks any more.

    A fork calls the command and ends as it does: through the end of the program that called this.
    """
    from cnncost.cli import main  # before its module of that name is imported

    for module in IMPORTED:
        import_module(module)
    connection = socket.socket(fileno=number)
    while True:
        size, streams, _, _ = socket.recv_fds(connection, 4, 3)
        if not size:
            return None
        request = json.loads(_receive(connection, int.from_bytes(size, "big")))
        child = os.fork()
        if child == 0:
            connection.close()
            _become_run(request, streams)
            return main()
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child, 0)
        connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))


def _become_run(request: dict[str, object], streams: Sequence[int]) -> None:
    """Make of this process one that was started with these arguments."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[call-overload]  # texts by name
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    _open_streams(os.environ.get("PYTHONIOENCODING", "utf-8"))
    sys.argv = ["-c", *request["argv"]]  # type: ignore[misc]  # a list
    os.chdir(str(request["cwd"]))


def _open_streams(encoding: str) -> None:
    """Open the standard streams as Python does when it starts."""
    word, _, errors = encoding.partition(":")

    def open_stream(number: int, mode: str, usual: str) -> IO[str]:
        return open(number, mode, encoding=word or "utf-8", errors=errors or usual, closefd=False)

    sys.stdin = sys.__stdin__ = open_stream(0, "r", "strict")  # type: ignore[assignment, misc]
    sys.stdout = sys.__stdout__ = open_stream(1, "w", "strict")  # type: ignore[assignment, misc]
    sys.stderr = sys.__stderr__ = open_stream(2, "w", "backslashreplace")  # type: ignore[assignment, misc]
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[attr-defined]

"""Each file of tests/invalid is refused with exactly the message at its head.

A file starts with the message as comments: `# ` and the line, one for each line of the message.
`# options: ...` after it holds the command line's options that the file is read with. What only
warns starts with `# warning: ` and is read without an error.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cnncost.errors import CnncostError
from cnncost.language import Settings, read_spec
from cnncost.quantity import parse_number

FOLDER = Path(__file__).parent / "invalid"
FILES = sorted(FOLDER.glob("*.yaml"))

OPTIONS = "# options: "


def expected(text: str) -> str:
    """The message at the head of a file."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("# ") or line.startswith(OPTIONS):
            break
        lines.append(line.removeprefix("# "))
    return "\n".join(lines)


def options(text: str) -> list[str]:
    """The command line's options that a file is read with."""
    line = next((line for line in text.splitlines() if line.startswith(OPTIONS)), "")
    return shlex.split(line.removeprefix(OPTIONS))


def settings(words: list[str]) -> Settings:
    """The same as the loader takes them."""
    params, inputs, most = {}, {}, Settings().max_layers
    for option, value in zip(words[::2], words[1::2], strict=True):
        name, _, amount = value.rpartition("=")
        if option == "--max-layers":
            most = int(value)
        elif option == "--set":
            params[name] = parse_number(amount)
        else:
            assert option == "--input"
            inputs[name] = tuple(int(n) for n in amount.split("x"))
    return Settings(params, inputs, most)


def message(text: str, name: str) -> str:
    """What reading the spec says: the error's message, or the warnings."""
    try:
        spec = read_spec(text, name, settings(options(text)))
    except CnncostError as error:
        return str(error)
    return "\n".join(f"warning: {warning}" for warning in spec.warnings)


def read(path: Path) -> str:
    return path.read_bytes().decode()  # line breaks as they are


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    text = read(path)
    assert expected(text), "a file starts with its message"
    assert message(text, path.name) == expected(text)


@pytest.mark.parametrize("name", ["type_near", "alias", "window_kernel", "yaml_tab", "set_near"])
def test_the_command_exits_2_with_the_message_and_no_traceback(name: str) -> None:
    text = read(FOLDER / f"{name}.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "cnncost", "table", f"{name}.yaml", *options(text)],
        cwd=FOLDER, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip().removeprefix("error: ") == expected(text)

"""Write the README's transcripts anew; look at the difference before committing it."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from test_readme import README, run


def refreshed(block: re.Match[str]) -> str:
    lines = ["```console"]
    for line in block.group(1).splitlines():
        if line.startswith("$ "):
            with tempfile.TemporaryDirectory() as folder:
                lines += [line, run(line[2:], Path(folder)).rstrip("\n")]
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    text = re.sub(r"^```console\n(.*?)^```$", refreshed, text, flags=re.M | re.S)
    README.write_text(text, encoding="utf-8")

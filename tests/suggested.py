"""A small network to save at, and what `cnncost suggest` finds for one."""

from __future__ import annotations

import json

from command import run

SMALL = """\
# a small network
input: [3, 16, 16]
layers:
  - {name: c1, conv: 32, kernel: 3, padding: 1}  # the stem
  - relu
  - {maxpool: 2}
  - name: c2
    conv: 64
    kernel: 3
    padding: 1
  - relu
  - {name: fc, dense: 128}
  - relu
  - {name: out, dense: 10}
expect: {weights: 545984}
"""


def found(*arguments: str, text: str = "", **environment: str) -> dict:  # type: ignore[type-arg]
    done = run("suggest", *arguments, "--format", "json", text=text, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]

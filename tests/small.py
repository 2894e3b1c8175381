"""A small network for what commands do with any."""

from __future__ import annotations

SMALL = """\
name: small
input: [1, 5, 5]
layers:
  - {name: c, conv: 2, kernel: 3}
  - {name: bn, batchnorm}
  - {name: out, dense: 3}
"""

"""Every bundled network beside PyTorch, at batch 1 and 4: a line each; 1 where a number differs.

pip install 'cnncost[torch]'
python benchmarks/verify_all.py [NAME ...]
"""

from __future__ import annotations

import sys
import time

import cnncost
from cnncost import bundled
from cnncost.verify.difference import verify_exported_file, verify_network

BATCHES = (1, 4)


def main() -> int:
    wrong = 0
    for name in sys.argv[1:] or bundled.list_names():
        for batch in BATCHES:
            start = time.perf_counter()
            spec = cnncost.load(name)
            verdict = verify_network(spec.network, batch, lambda _: None)
            further = verify_exported_file(spec.network, spec.written, batch, lambda _: None)
            verdict = verdict._replace(lines=(*verdict.lines, *further))
            differing = [
                f"{line.quantity}: {line.computed:,} computed, {line.measured:,} measured"
                for line in verdict.lines
                if line.agrees is False
            ]
            unknown = sum(line.agrees is None for line in verdict.lines)
            wrong += verdict.differences
            agreed = len(verdict.lines) - len(differing) - unknown
            said = "; ".join(differing) or "no difference"
            seconds = time.perf_counter() - start
            print(
                f"{name:22} batch {batch}  {seconds:5.1f} s  {agreed} agree, {unknown} not "
                f"compared; {said}",
                flush=True,
            )
    print(f"{wrong} numbers differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

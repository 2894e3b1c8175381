"""ResNet-50's table by cnncost, torchinfo and onnx-tool, whole processes side by side.

Run it with the Python of an environment that has cnncost, torch (2.13.0), torchvision
(--no-deps), torchinfo, onnx and onnx-tool:
    python benchmarks/peers.py [ROUNDS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from interleaved import HERE, report, timings

PEERS = HERE / "peers"

if __name__ == "__main__":
    python = sys.executable
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    cnncost = str(Path(python).parent / "cnncost")
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "resnet50.onnx")
        subprocess.run([python, str(PEERS / "export.py"), model], check=True)
        commands = {
            "cnncost table resnet50": [cnncost, "table", "resnet50"],
            "torchinfo": [python, str(PEERS / "with_torchinfo.py")],
            "onnx-tool": [python, str(PEERS / "with_onnx_tool.py"), model],
        }
        found = timings(commands, rounds)
    base = "cnncost table resnet50"
    report(found, {"torchinfo": base, "onnx-tool": base})

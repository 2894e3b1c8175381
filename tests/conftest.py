"""What needs an optional package is collected where that is installed; CI installs them all."""

from __future__ import annotations

from importlib.util import find_spec

PACKAGES = {
    "with_torch": "torch",
    "with_onnx": "onnx",
    "with_keras": "keras",
    "with_dask": "distributed",
}

collect_ignore = [folder for folder, package in PACKAGES.items() if find_spec(package) is None]

"""What needs an optional package or a browser is collected where that is installed; CI installs
them all."""

from __future__ import annotations

from importlib.util import find_spec

from browser import CHROMIUM

PACKAGES = {
    "with_torch": "torch",
    "with_onnx": "onnx",
    "with_keras": "keras",
    "with_dask": "distributed",
}

collect_ignore = [folder for folder, package in PACKAGES.items() if find_spec(package) is None]
collect_ignore += ["with_chromium"] * (CHROMIUM is None)

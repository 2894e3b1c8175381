"""Keras in: archives, whole ones, empty ones and swollen ones."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from keras_models import archived, refusal, small

import cnncost


def test_an_archive(tmp_path: Path) -> None:
    config = json.dumps(small()).encode()
    path = archived(tmp_path, metadata__json=b"{}", config__json=config, model__weights__h5=b"x")
    assert cnncost.count(cnncost.load(path)).totals.connections == 36 * 108


def test_an_archive_without_configuration(tmp_path: Path) -> None:
    assert "without config.json" in refusal(archived(tmp_path, metadata__json=b"{}"))


def test_a_configuration_that_swells(tmp_path: Path) -> None:
    """1 GiB of spaces in a megabyte of file; no more than 16 MiB of it are unpacked."""
    path = tmp_path / "net.keras"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("config.json", "w") as file,
    ):
        for _ in range(1024):
            file.write(b" " * 2**20)
    assert path.stat().st_size < 2 * 2**20
    assert "more than 16 MiB" in refusal(path)

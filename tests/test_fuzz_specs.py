"""A short seeded run of the fuzzer; longer ones by hand."""

from __future__ import annotations

import fuzz_specs
import pytest


@pytest.mark.parametrize("seed", [1, 2])
def test_wild_specs(seed: int) -> None:
    assert fuzz_specs.run(seed, 200, every=10) >= 20

"""A short seeded run of the fuzzer of single modules through PyTorch; longer ones by hand."""

from __future__ import annotations

import fuzz_modules


def test_no_single_module_is_wrong_or_a_traceback() -> None:
    found = fuzz_modules.run(11, 100, ("torch",))
    assert sum(found.values()) == 100
    assert found["torch exact"] >= 80

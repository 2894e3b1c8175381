"""A short run of the fuzzer of `suggest`; by hand: `python tests/fuzz_suggest.py --count 3000`."""

from __future__ import annotations

import pytest
from fuzz_suggest import fuzz


@pytest.mark.parametrize("block", range(8))
def test_random_networks_under_random_budgets(block: int) -> None:
    assert fuzz(block * 1000, 12) == []


def test_the_flagship_under_two_budgets() -> None:
    """Found by a user: a Lagrangean bound below -1 was none."""
    from fuzz_suggest import called

    asked = ["--budget", "weights=50%", "--budget", "connections=80%"]
    code, out, err = called("suggest", "alexnet", *asked)
    assert code == 0, err
    assert "The plan" in out

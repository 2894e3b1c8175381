"""Networks of one layer type, drawn at random, for what is compared with PyTorch."""

from __future__ import annotations

from collections.abc import Callable

from draws import CASES, Case
from hypothesis import HealthCheck, assume, given, settings

import cnncost
from cnncost.errors import SpecError
from cnncost.network import Network


def check_drawn(word: str, compare: Callable[[Network], object], *, examples: int) -> None:
    """Compare so many drawn networks of a layer type; those that crop all away are none."""

    @settings(
        max_examples=examples, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(CASES[word])
    def check(case: Case) -> None:
        try:
            network = cnncost.loads(case.text).network
        except SpecError as error:
            assume("crops all" not in str(error))
            raise
        compare(network)

    check()

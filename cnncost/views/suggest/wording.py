"""What a study's answer calls the metrics: as the user did who asked for flops or macs."""

from __future__ import annotations

from collections.abc import Iterable

from cnncost.quantity import counted_as
from cnncost.suggest.edits.meter import Measures


class Wording:
    """The words of an answer; a metric that nobody called otherwise keeps its own."""

    def __init__(self, asked: Iterable[str]) -> None:
        self._words = {counted_as(word)[0]: word for word in asked}

    def word_of(self, metric: str) -> str:
        """The word for a metric.

        >>> Wording(["flops"]).word_of("connections")
        'flops'
        """
        return self._words.get(metric, metric)

    def amount_of(self, metric: str, value: int) -> int:
        """A metric's value in its word's own amounts."""
        return counted_as(self.word_of(metric))[1] * value

    def word_measures(self, values: Measures) -> dict[str, int]:
        """Each metric's value by its word.

        >>> Wording(["flops"]).word_measures({"weights": 3, "connections": 5})
        {'weights': 3, 'flops': 10}
        """
        return {self.word_of(metric): self.amount_of(metric, v) for metric, v in values.items()}

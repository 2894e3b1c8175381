"""What other planners of memory take, as shares of the lower bound, and where that was seen."""

from __future__ import annotations

from typing import NamedTuple


class OtherPlanner(NamedTuple):
    """A planner whose addresses are not modelled: the least and the most that it was seen to take
    of the lower bound."""

    word: str
    """Its name in JSON."""
    label: str
    least: float
    most: float
    source: str = ""
    """Where it was seen, in words; empty where that of the planner before holds."""

    def measure_range(self, bound: int) -> tuple[int, int]:
        """The least and the most bytes, about, where a perfect planner needs `bound`."""
        return round(self.least * bound), round(self.most * bound)


OTHER_PLANNERS = (
    OtherPlanner(
        *("x_cube_ai_activations", "X-CUBE-AI's activations", 0.92, 1.25),
        "X-CUBE-AI: 0.92 to 1.25 of the lower bound, as on the MobileNets of ST's model zoo, with "
        "STM32Cube.AI 10; its runtime takes 7 to 30 KiB more there, its code 61 to 191 KiB of "
        "flash.",
    ),
    OtherPlanner(
        *("vela_for_size", "Vela's tensors, for size", 0.55, 1.01),
        "Vela 5.2 for an Ethos-U55, of seven .tflite files: 0.55 to 1.01 of it for size, 1.00 to "
        "1.39 for performance; flash 0.74 to 1.28 of weights and biases.",
    ),
    OtherPlanner("vela_for_performance", "Vela's tensors, for performance", 1.0, 1.39),
)
"""X-CUBE-AI: MobileNet v1 0.25 at 96 and 224, v2 0.35 to 1.4 at 128 and 224. Vela, with 64 and 256
multipliers: `benchmarks/vela.csv`; it runs layers in stripes where that takes less, so that it may
need less than whole maps do."""

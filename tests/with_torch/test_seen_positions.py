"""What a unit sees against PyTorch: the inputs where its gradient is not zero."""

from __future__ import annotations

import pytest
import torch
from forward import Forward

import cnncost
from cnncost.study.seen_positions import find_seen_inputs, parse_unit

TEXTS = {
    "chain": """
- {conv: 2, kernel: [3, 2], stride: 2, padding: [1, 0]}
- {avgpool: 2}
- {name: it, conv: 2, kernel: 3, dilation: [2, 1], padding: same}
""",
    "hourglass": """
- {name: a, conv: 2, kernel: 3, stride: 2, padding: 1}
- {conv: 2, kernel: 3, stride: 2, padding: 1}
- {conv_transpose: 2, kernel: 3, stride: 2, padding: 1, output_padding: 1}
- {add: [a, previous]}
- {upsample: 2}
- {name: it, conv: 1, kernel: [1, 3]}
""",
    "branches": """
- {name: a, conv: 1, kernel: [5, 1], padding: [2, 0]}
- {name: b, conv: 1, kernel: [1, 5], padding: [0, 2], from: input}
- {name: c, concat: [a, b]}
- {name: it, adaptive_avgpool: [5, 3]}
""",
    "moved": """
- {pad: [[2, 0], [1, 1]]}
- {permute: [1, 3, 2]}
- {pixel_shuffle: 2}
- {name: it, conv: 1, kernel: 2, stride: 3}
""",
}


@pytest.mark.parametrize("name", TEXTS)
def test_gradients_reach_what_a_unit_sees(name: str) -> None:
    text = f"input: [4, 16, 12]\nlayers:{TEXTS[name]}"
    network = cnncost.loads(text).network
    node = network.layers[-1]
    run = Forward(network, batch=1)
    rows, columns = node.output.extents
    for at in {(0, 0), (rows // 2, columns - 1), (rows - 1, columns // 2)}:
        unit = run.values[-1][0, :, at[0], at[1]].sum()
        (slope,) = torch.autograd.grad(unit, run.values[0], retain_graph=True)
        reached = (slope[0] != 0).any(dim=0)
        found = find_seen_inputs(network, parse_unit(network, f"it:{at[0]},{at[1]}"))
        assert found is not None
        assert found[0].positions == int(reached.sum())
        for axis, other in ((0, 1), (1, 0)):
            marked = reached.any(dim=other).nonzero().flatten().tolist()
            assert found[0].axes[axis].read == len(marked)
            assert found[0].axes[axis].seen == ((marked[0], marked[-1]) if marked else None)

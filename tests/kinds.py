"""Which bundled networks a slow test goes through: one or two of each family."""

from __future__ import annotations

from cnncost import bundled

SIBLINGS = {
    *(
        "densenet169",
        "densenet201",
        "resnet34",
        "resnet101",
        "resnet152",
        "vgg11",
        "vgg13",
        "vgg19",
    ),
    *("efficientnet_b4", "inception_v4", "alexnet_torchvision", "caffenet", "squeezenet1_0"),
}
"""Of the same blocks as another bundled network, of another depth or width."""


def list_kinds(*apart: str) -> list[str]:
    """List the bundled networks without siblings, and without those that stand apart."""
    return [name for name in bundled.list_names() if name not in SIBLINGS | set(apart)]

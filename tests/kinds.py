"""Which bundled networks a slow test goes through: one or two of each family."""

from __future__ import annotations

from cnncost import bundled

SIBLINGS = {
    *("alexnet_pooled", "alexnet_torchvision", "caffenet", "densenet169", "densenet201", "yolov3"),
    *("efficientnet_b4", "fcn_resnet50", "googlenet_torchvision", "inception_v4", "resnet34"),
    *("mobilenet_v3_small", "regnet_x_400mf", "resnet50_v1", "resnet101", "resnet152", "vgg11"),
    *("squeezenet1_0", "vgg13", "vgg19", "wide_resnet50_2"),
}
"""Of the same blocks as another bundled network, of another depth or width."""


def list_kinds(*apart: str) -> list[str]:
    """List the bundled networks without siblings, and without those that stand apart."""
    return [name for name in bundled.list_names() if name not in SIBLINGS | set(apart)]

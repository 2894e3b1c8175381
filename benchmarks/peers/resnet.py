"""torchvision's ResNet-50, where torchvision's own operators do not load beside this torch."""

import torch

# They are compiled against another torch: declare those that the import asks for.
library = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402

model = torchvision.models.resnet50()

"""YOLOv3, SSD300 and DETR's encoder in PyTorch, after their papers and the authors' settings.

`zoo_totals.py` counts them; nothing of cnncost is imported, and no spec was looked at.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def darknet_conv(width: int, filters: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A convolution as `yolov3.cfg` has it: `batch_normalize=1`, `activation=leaky`."""
    conv = nn.Conv2d(width, filters, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(filters), nn.LeakyReLU(0.1))


class DarknetResidual(nn.Module):
    """1x1 to half of the channels, 3x3 back, and a shortcut around both."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduce = darknet_conv(width, width // 2, 1)
        self.expand = darknet_conv(width // 2, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.expand(self.reduce(x))
        return y


class DarknetStage(nn.Sequential):
    """Half the size at twice the channels, then residual blocks (Redmon & Farhadi, table 1)."""

    def __init__(self, width: int, blocks: int) -> None:
        down = darknet_conv(width // 2, width, 3, 2)
        super().__init__(down, *(DarknetResidual(width) for _ in range(blocks)))


class BoxHead(nn.Module):
    """Five convolutions, 1x1 and 3x3 in turn, of which the last feeds the next scale as well."""

    def __init__(self, width: int, filters: int, outputs: int) -> None:
        super().__init__()
        pairs = [darknet_conv(width, filters, 1), darknet_conv(filters, 2 * filters, 3)]
        pairs += [darknet_conv(2 * filters, filters, 1), darknet_conv(filters, 2 * filters, 3)]
        self.neck = nn.Sequential(*pairs, darknet_conv(2 * filters, filters, 1))
        boxes = nn.Conv2d(2 * filters, outputs, 1)
        self.boxes = nn.Sequential(darknet_conv(filters, 2 * filters, 3), boxes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.neck(x)
        return x, self.boxes(x)


class YOLOv3(nn.Module):
    """Darknet-53 without its classifier, and boxes at three scales of three anchors each."""

    def __init__(self, classes: int = 80) -> None:
        super().__init__()
        outputs = 3 * (4 + 1 + classes)
        first = darknet_conv(3, 32, 3)
        self.fine = nn.Sequential(first, *map(DarknetStage, (64, 128, 256), (1, 2, 8)))
        self.middle, self.coarse = DarknetStage(512, 8), DarknetStage(1024, 4)
        self.heads = nn.ModuleList(map(BoxHead, (1024, 768, 384), (512, 256, 128), [outputs] * 3))
        self.laterals = nn.ModuleList([darknet_conv(512, 256, 1), darknet_conv(256, 128, 1)])
        self.upsample = nn.Upsample(scale_factor=2)

    def forward(self, x: Tensor) -> list[Tensor]:
        fine = self.fine(x)
        middle = self.middle(fine)
        x, boxes = self.heads[0](self.coarse(middle))
        found = [boxes]
        for head, lateral, skip in zip(self.heads[1:], self.laterals, (middle, fine), strict=True):
            x, boxes = head(torch.cat([self.upsample(lateral(x)), skip], 1))
            found.append(boxes)
        return found


class ScaledNorm(nn.Module):
    """Each position scaled to length 1, then by a learned factor a channel (sec. 3.1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(x) * self.factor.view(1, -1, 1, 1)


def vgg_convs(width: int, filters: int, count: int) -> list[nn.Module]:
    """VGG's convolutions of one size of map."""
    widths = [width] + [filters] * (count - 1)
    pairs = [(nn.Conv2d(n, filters, 3, padding=1), nn.ReLU(inplace=True)) for n in widths]
    return [layer for pair in pairs for layer in pair]


def extra_convs(width: int, reduced: int, filters: int, stride: int) -> nn.Sequential:
    """Figure 2's further maps: 1x1, then 3x3 of stride 2, or without padding."""
    last = nn.Conv2d(reduced, filters, 3, stride, stride - 1)
    return nn.Sequential(nn.Conv2d(width, reduced, 1), nn.ReLU(), last, nn.ReLU())


class SSD300(nn.Module):
    """VGG-16, its dense layers as convolutions, and boxes from six maps (Liu et al., fig. 2)."""

    WIDTHS, BOXES = (512, 1024, 512, 256, 256, 256), (4, 6, 6, 6, 4, 4)

    def __init__(self, classes: int = 21) -> None:
        super().__init__()
        pool, up = nn.MaxPool2d(2), nn.MaxPool2d(2, ceil_mode=True)
        first = [*vgg_convs(3, 64, 2), pool, *vgg_convs(64, 128, 2), pool]
        self.conv4_3 = nn.Sequential(*first, *vgg_convs(128, 256, 3), up, *vgg_convs(256, 512, 3))
        fc6 = nn.Conv2d(512, 1024, 3, padding=6, dilation=6)
        dense = [fc6, nn.ReLU(), nn.Conv2d(1024, 1024, 1), nn.ReLU()]
        pool5 = nn.MaxPool2d(3, 1, 1)
        self.fc7 = nn.Sequential(pool, *vgg_convs(512, 512, 3), pool5, *dense)
        extras = ((1024, 256, 512, 2), (512, 128, 256, 2), (256, 128, 256, 1), (256, 128, 256, 1))
        self.extras = nn.ModuleList(extra_convs(*sizes) for sizes in extras)
        self.norm = ScaledNorm(512)
        self.boxes = nn.ModuleList(
            nn.ModuleList(
                [nn.Conv2d(w, 4 * n, 3, padding=1), nn.Conv2d(w, classes * n, 3, padding=1)]
            )
            for w, n in zip(self.WIDTHS, self.BOXES, strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.conv4_3(x)
        maps = [self.norm(x), self.fc7(x)]
        for extra in self.extras:
            maps.append(extra(maps[-1]))
        return [head(x) for x, heads in zip(maps, self.boxes, strict=True) for head in heads]


class DETREncoder(nn.Module):
    """ResNet-50, a projection to 256 channels, and six encoder layers (Carion et al., sec. A.4)."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import resnet50

        self.backbone = nn.Sequential(*list(resnet50(weights=None).children())[:-2])
        self.project = nn.Conv2d(2048, 256, 1)
        layer = nn.TransformerEncoderLayer(256, 8, 2048, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        # Sines of the positions are added to queries and keys; they are fixed and cost nothing.
        y: Tensor = self.encoder(self.project(self.backbone(x)).flatten(2).transpose(1, 2))
        return y


yolov3, ssd300, detr_encoder = YOLOv3, SSD300, DETREncoder

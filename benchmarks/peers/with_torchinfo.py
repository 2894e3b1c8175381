"""torchinfo's table of ResNet-50."""

import torchinfo
from resnet import model

torchinfo.summary(model, input_size=(1, 3, 224, 224), device="cpu", verbose=1)

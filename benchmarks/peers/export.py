"""ResNet-50 with random weights as an ONNX file, for the tools that read one."""

import sys

import torch
from resnet import model

torch.onnx.export(model.eval(), torch.zeros(1, 3, 224, 224), sys.argv[1], dynamo=False)

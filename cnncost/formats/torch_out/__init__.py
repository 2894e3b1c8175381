"""PyTorch out: write a network as a readable `nn.Module`; this needs no PyTorch."""

from cnncost.formats.torch_out.torch_code import pytorch_classes, pytorch_code, write

__all__ = ["pytorch_classes", "pytorch_code", "write"]

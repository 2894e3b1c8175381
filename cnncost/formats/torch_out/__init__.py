"""PyTorch out: write a network as a readable `nn.Module`; this needs no PyTorch."""

"""Memory: what a network needs in bytes, by rules measured on PyTorch."""

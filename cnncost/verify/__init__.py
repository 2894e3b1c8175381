"""Verify a network on this machine: build it in PyTorch, and compare numbers with measured ones."""

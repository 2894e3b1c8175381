"""Proof on this machine: the network built in PyTorch, its numbers beside the measured ones."""

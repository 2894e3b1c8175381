"""Reads the printed gradient equations back and evaluates them, without autograd."""

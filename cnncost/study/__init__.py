"""Studies of networks: explain numbers, derive gradients, compare, sweep and evaluate."""

"""Studies: what numbers come from, and how networks differ."""

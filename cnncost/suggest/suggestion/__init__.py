"""The suggestion."""

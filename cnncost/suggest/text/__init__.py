"""The text of a spec and its edits."""

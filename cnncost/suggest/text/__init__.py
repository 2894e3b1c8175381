"""The text of a spec, what an edit of it is, and what edits are measured and scored by."""

"""The text of a spec, the edits of it, and what edits are measured, scored and limited by."""

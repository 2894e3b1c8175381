"""The kinds of edit, one module per kind: precondition, change of the text, score, evidence."""

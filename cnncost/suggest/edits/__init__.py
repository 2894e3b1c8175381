"""The catalogue: one kind of edit a file, with its precondition, change, score and evidence."""

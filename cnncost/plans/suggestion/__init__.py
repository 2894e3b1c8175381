"""The suggestion: what is asked, and everything that the user is told."""

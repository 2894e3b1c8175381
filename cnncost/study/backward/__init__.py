"""The backward pass as equations: every gradient that training needs, in order, with its cost."""

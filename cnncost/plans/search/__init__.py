"""The search: the options of least score that hold all budgets, and the plan made of them."""

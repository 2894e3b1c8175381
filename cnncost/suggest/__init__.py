"""Suggest: the least damaging edits of a spec that meet budgets, found and proved."""

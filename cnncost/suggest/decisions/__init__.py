"""Decisions and their cost tables."""

"""The spec language: read a YAML text as a network whose every number knows its place in it."""

from cnncost.language.document import MAX_LAYERS, Expectation, Settings, Spec, read_spec

__all__ = ["MAX_LAYERS", "Expectation", "Settings", "Spec", "read_spec"]

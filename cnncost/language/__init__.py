"""The spec language: a YAML text becomes a network whose every number knows its place."""

from cnncost.language.document import MAX_LAYERS, Expectation, Settings, Spec, read_spec

__all__ = ["MAX_LAYERS", "Expectation", "Settings", "Spec", "read_spec"]

"""Keras out: a network as readable Keras 3 code; writing it needs no Keras."""

from cnncost.formats.keras_out.keras_code import keras_code, write

__all__ = ["keras_code", "write"]

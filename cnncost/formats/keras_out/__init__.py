"""Keras out: a network as readable Keras 3 code; writing it needs no Keras."""

from cnncost.formats.keras_out.code import keras_code, write

__all__ = ["keras_code", "write"]

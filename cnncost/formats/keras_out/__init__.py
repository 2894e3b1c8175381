"""Keras out: write a network as readable Keras 3 code; this needs no Keras."""

from cnncost.formats.keras_out.keras_code import keras_code, write

__all__ = ["keras_code", "write"]

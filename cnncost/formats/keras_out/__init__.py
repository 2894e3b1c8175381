"""Keras out: write a network as readable Keras 3 code; this needs no Keras."""

"""What marks our own ONNX files, and what they say beside the graph."""

OURS = "cnncost"
"""The program that wrote the file."""

FROZEN = "cnncost.frozen"
"""The key of the layers that are not trained, for which ONNX has no word."""

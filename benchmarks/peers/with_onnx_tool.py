"""onnx-tool's table of the ONNX file that is given."""

import sys

import onnx_tool

onnx_tool.model_profile(sys.argv[1])

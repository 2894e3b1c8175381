"""AlexNet's table of the acceptance test, as it is printed to the digit."""

from __future__ import annotations

ACCEPTANCE = """\
layer,type,input_shape,output_shape,units,weights,biases,connections
conv1,conv,3x227x227,96x55x55,290400,34848,96,105415200
conv2,conv,96x27x27,256x27x27,186624,307200,256,223948800
conv3,conv,256x13x13,384x13x13,64896,884736,384,149520384
conv4,conv,384x13x13,384x13x13,64896,663552,384,112140288
conv5,conv,384x13x13,256x13x13,43264,442368,256,74760192
fc1,dense,256x13x13,4096,4096,177209344,4096,177209344
fc2,dense,4096,4096,4096,16777216,4096,16777216
output,dense,4096,1000,1000,4096000,1000,4096000
"""

"""The layer type of a convolution that a file or a program gives with its groups."""

from __future__ import annotations


def classify_convolution(channels: int, filters: int, groups: int) -> tuple[str, dict[str, int]]:
    """Return a convolution's type and the arguments that say how wide it is.

    With a group for each of several channels it is depthwise, whatever it comes from:

    >>> classify_convolution(channels=8, filters=16, groups=8)
    ('depthwise_conv', {'multiplier': 2})
    >>> classify_convolution(channels=8, filters=16, groups=4)
    ('conv', {'filters': 16, 'groups': 4})
    """
    if groups == channels > 1 and filters % channels == 0:
        return "depthwise_conv", {"multiplier": filters // channels}
    return "conv", {"filters": filters} | ({"groups": groups} if groups > 1 else {})

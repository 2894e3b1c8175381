"""Names of the classes: the block's, and what a variant has beyond the plainest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnncost.formats.identifiers import class_name

if TYPE_CHECKING:
    from cnncost.formats.torch_out.torch_templates import Template
    from cnncost.network import Input, Network, Node

_COPY = re.compile(r"(\.(\d+|first|rest))+$")
"""The end of a name that only tells copies apart."""

_TAKEN = ("F", "nn", "torch", "math")
"""What the file's names stand for already, besides its classes."""


def class_names(network: Network, templates: Sequence[Template], taken: Sequence[str]) -> list[str]:
    """A name for each class, none of those that are taken.

    A block written in several ways has a class a way: ConvBn, and ConvBnRelu with a layer more.
    """
    plain: dict[str, Template] = {}
    for one in templates:
        known = plain.setdefault(one.block, one)
        if len(one.parts) < len(known.parts):
            plain[one.block] = one
    words = [
        class_name(one.block.replace("_", " ")) + _variant_word(network, plain[one.block], one)
        for one in templates
    ]
    parameters = [one.name for template in templates for one in template.parameters]
    return _number_distinct(words, [*_TAKEN, *taken, *parameters])


def _variant_word(network: Network, plain: Template, template: Template) -> str:
    """What a class has beyond the plainest of its block, as a word."""
    own = {_COPY.sub("", part.name) for part in plain.parts}
    extra = {_COPY.sub("", part.name): part.node for part in template.parts}
    words = [
        _layer_word(network.nodes[node], name) for name, node in extra.items() if name not in own
    ]
    if template is plain or len(words) > 2:
        return ""
    return "".join(class_name(word.replace("_", " ")) for word in words)


def _layer_word(node: Input | Node, name: str) -> str:
    """A layer's type where its name is only numbered, as in relu61, the first of relu6."""
    word, last = node.layer.word if node.layer else "", name.rpartition(".")[2]
    return word if re.fullmatch(rf"{word}\d+", last) else last


def _number_distinct(words: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The words, those that stand twice or are taken numbered."""
    used = set(taken)
    names = []
    for word in words:
        name, count = word, 2
        while name in used:
            name, count = f"{word}{count}", count + 1
        used.add(name)
        names.append(name)
    return names

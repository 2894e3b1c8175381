"""Python as we write it: names that are free, statements laid out as formatters do, docstrings."""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cnncost.costs import Convention, count_network

if TYPE_CHECKING:
    from cnncost.network import Network

_MODULE = (
    "T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda "
    "double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter "
    "get_submodule half ipu load_state_dict modules mtia named_buffers named_children "
    "named_modules named_parameters parameters register_backward_hook register_buffer "
    "register_forward_hook register_forward_pre_hook register_full_backward_hook "
    "register_full_backward_pre_hook register_load_state_dict_post_hook "
    "register_load_state_dict_pre_hook register_module register_parameter "
    "register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ "
    "set_extra_state set_submodule share_memory state_dict to to_empty train training type "
    "xpu zero_grad"
)
"""The attributes that every `nn.Module` has already, separated by spaces."""

_FILE = ("torch", "nn", "F", "math", "self", "float", "shapes", "tap", "tuple")
"""The names that the written file itself uses."""

RESERVED = frozenset([*_MODULE.split(), *_FILE, *keyword.kwlist])


def make_identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Make a Python name for each name that nothing else in the file has."""
    return make_distinct(names, {*RESERVED, *taken})


def make_distinct(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Replace the dots of names by underscores, and add underscores until none stands twice.

    >>> make_distinct(["a.b", "a_b", "c"])
    ['a_b', 'a_b_', 'c']
    """
    used = set(taken)
    found = []
    for name in names:
        word = name.replace(".", "_")
        while word in used:
            word += "_"
        used.add(word)
        found.append(word)
    return found


def class_name(title: str) -> str:
    """Make a class's name from a network's: ShuffleNetV2X10 from `ShuffleNetV2 x1.0`."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in title).split()
    name = "".join(word[0].upper() + word[1:] for word in words) or "Network"
    return f"Network{name}" if name[0].isdigit() or name in {"None", "True", "False"} else name


WIDTH = 88
"""Characters of a line: the formatters' default."""

_LISTED = re.compile(r"\[[^\[\]]*\]|[^,\[\]]+")


def lay_call(indent: int, head: str, arguments: Sequence[str]) -> list[str]:
    """Lay out `head(arguments)`: on one line, or all arguments on one line, or one line each."""
    return _lay_brackets(indent, head, arguments, "")


def lay_signature(indent: int, head: str, arguments: Sequence[str]) -> list[str]:
    """Lay out `head(arguments):` in the same way."""
    return _lay_brackets(indent, head, arguments, ":")


def _lay_brackets(indent: int, head: str, arguments: Sequence[str], end: str) -> list[str]:
    space = " " * indent
    line = f"{space}{head}({', '.join(arguments)}){end}"
    if len(line) <= WIDTH or not arguments:
        return [line]
    inner = f"{space}    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"{space}{head}(", inner, f"{space}){end}"]
    rows = [row for argument in arguments for row in _lay_item(indent + 4, argument)]
    return [f"{space}{head}(", *rows, f"{space}){end}"]


def lay_copies(
    indent: int, head: str, module: str, arguments: Sequence[str], copies: str
) -> list[str]:
    """Lay out `head(copies of a module)`; `i` in the arguments is the copy's number."""
    space = " " * indent
    word = "i" if any(re.search(r"\bi\b", one) for one in arguments) else "_"
    item, loop = f"{module}({', '.join(arguments)})", f"for {word} in range({copies})"
    head = f"{space}{head}("
    line = f"{head}*[{item} {loop}])"
    if len(line) <= WIDTH:
        return [line]
    inner = f"{space}    *[{item} {loop}]"
    if len(inner) <= WIDTH:
        return [head, inner, f"{space})"]
    rows = lay_call(indent + 8, module, arguments)
    return [head, f"{space}    *[", *rows, f"{space}        {loop}", f"{space}    ]", f"{space})"]


def _lay_item(indent: int, text: str) -> list[str]:
    """Lay out one argument on one line or, if it is a list that does not fit, one item per line."""
    space = " " * indent
    if len(space + text) < WIDTH or not text.startswith("["):
        return [f"{space}{text},"]
    items = [item.strip() for item in _LISTED.findall(text[1:-1]) if item.strip()]
    return [
        f"{space}[",
        *(row for item in items for row in _lay_item(indent + 4, item)),
        f"{space}],",
    ]


def lay_assignment(indent: int, target: str, value: str, sign: str = "") -> list[str]:
    """Lay out `target = value`; if need be each operand of `sign` has a line of its own."""
    space = " " * indent
    line = f"{space}{target} = {value}"
    if len(line) <= WIDTH:
        return [line]
    if value.startswith("("):
        return _lay_product(indent, target, value)
    head, arguments = _split_call(value)
    plain = bool(arguments) and not sign and ")" not in head
    if plain and len(f"{space}{target} = {head}(") <= WIDTH:
        return lay_call(indent, f"{target} = {head}", arguments)
    return [f"{space}{target} = (", *_lay_value(indent + 4, value, sign), f"{space})"]


def lay_return(indent: int, values: Sequence[str]) -> list[str]:
    """Lay out `return` with one value or several."""
    line = f"{' ' * indent}return {', '.join(values)}"
    if len(line) <= WIDTH or len(values) == 1:
        return [line]
    space = " " * indent
    return [f"{space}return (", *(f"{space}    {value}," for value in values), f"{space})"]


def _lay_value(indent: int, value: str, sign: str) -> list[str]:
    """Lay out a value on lines of its own."""
    space = " " * indent
    if len(space + value) <= WIDTH:
        return [space + value]
    if sign:
        first, *rest = value.split(f" {sign} ")
        return [space + first, *(f"{space}{sign} {one}" for one in rest)]
    links = re.split(r"(?<=\))(?=\.)", value)
    if len(links) > 2:
        return [space + link for link in links]
    head, arguments = _split_call(value)
    if len(f"{space}{head}(") <= WIDTH or len(links) == 1:
        return lay_call(indent, head, arguments)
    inner, arguments = _split_call(links[0])
    rows = lay_call(indent, inner, arguments)
    if len(rows) == 1:
        rows = [f"{space}{inner}(", f"{space}    {', '.join(arguments)}", f"{space})"]
    return [*rows[:-1], rows[-1] + links[1]]


def _lay_product(indent: int, target: str, value: str) -> list[str]:
    """Lay out `target = (a @ b).call(...)`; a comma behind the product would make it a tuple."""
    space = " " * indent
    head, arguments = _split_call(value)
    if len(f"{space}{target} = {head}(") <= WIDTH:
        return lay_call(indent, f"{target} = {head}", arguments)
    product, behind = value[1:].rsplit(").", 1)
    rows = [f"{space}    {product}"]
    if len(rows[0]) > WIDTH:
        first, second = product.split(" @ ")
        rows = [f"{space}    {first}", f"{space}    @ {second}"]
    return [f"{space}{target} = (", *rows, f"{space}).{behind}"]


def _split_call(value: str) -> tuple[str, list[str]]:
    """Split the call that a value ends in into function and arguments; none if there is none."""
    depth = 0
    for i in range(len(value) - 1, -1, -1):
        depth += (value[i] == ")") - (value[i] == "(")
        if depth == 0:
            break
    if not value.endswith(")"):
        return value, []
    return value[:i], _split_arguments(value[i + 1 : -1])


def _split_arguments(text: str) -> list[str]:
    """Split a call's arguments at the commas outside all brackets."""
    found, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            found.append("")
        else:
            found[-1] += character
    return [one.strip() for one in found]


# Docstrings of what is written


def file_docstring(network: Network, language: str) -> str:
    """Write the docstring of a file that holds the network in PyTorch or Keras."""
    title = textwrap.shorten(title_of(network), 60)
    return f'"""{title} in {language}, written by cnncost."""'


def title_of(network: Network) -> str:
    """Return the network's name in a form that can stand in a docstring."""
    return " ".join(network.name.replace("\\", "/").replace('"', "'").split())


def counts_of(network: Network) -> str:
    """Write the network's counts, per example, in the words and convention of the tables."""
    total = count_network(network, Convention()).totals
    return (
        f"{total.weights:,} weights, {total.parameters:,} parameters and "
        f"{total.connections:,} connections (multiply-accumulates) an example."
    )

"""Turn a spec's names into names of Python: attributes of a module, variables, classes."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

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
    """Make a Python name for each name: dots become underscores, and none stands twice."""
    used = {*RESERVED, *taken}
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

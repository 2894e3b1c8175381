"""The arguments of the user's code that builds a module, set from the command line."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from cnncost.errors import CnncostError, find_nearest

Arguments = Mapping[str, int | float]

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def accepted_names(found: Any) -> tuple[str, ...] | None:  # Any: a class, function or module
    """The names of the arguments that it takes; None where it takes any."""
    import torch

    if isinstance(found, torch.nn.Module):
        return ()  # it is made already
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return None  # nothing is known of it
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return tuple(parameter.name for parameter in parameters if parameter.kind in _BY_NAME)


def check_settings(target: str, found: Any, settings: Arguments) -> None:  # Any: as above
    """Refuse settings that the code does not take.

    Raises:
        CnncostError: it has no argument of that name.
    """
    names = accepted_names(found)
    for name in settings:
        if names is None or name in names:
            continue
        close = find_nearest(name, names)
        takes = f"it takes {', '.join(names)}" if names else "it takes no arguments"
        raise CnncostError(
            f"--set {name}: {target} has no such argument",
            f"did you mean {close!r}? {takes}" if close else takes,
        )

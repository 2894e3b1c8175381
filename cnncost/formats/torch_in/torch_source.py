"""The user's code that builds a module: found, imported and run on the meta device."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError, did_you_mean, find_nearest
from cnncost.formats import missing_package

if TYPE_CHECKING:
    from types import ModuleType

    from torch import nn

Arguments = Mapping[str, int | float]

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
TARGET = re.compile(r"(?P<where>[\w.]+|.+\.py):(?P<what>[A-Za-z_][\w.]*)")


def build_module(target: str, settings: Arguments | None = None) -> nn.Module:
    """Run the code and return the module that it builds, without memory for its weights.

    `settings` are the keyword arguments of the function or class.

    Raises:
        CnncostError: it cannot be imported, takes no such arguments, fails, or builds no module.
    """
    return make_module(target, _find_builder(target, settings))


def build_with_memory(target: str, settings: Arguments | None = None) -> nn.Module:
    """Build the module as `build` does, with memory, so that it can be run."""
    import torch

    found = _find_builder(target, settings)
    module = _make_guarded(target, found, lambda: _make_on(found, torch.device("cpu")))
    return _check_module(target, module)


def _find_builder(target: str, settings: Arguments | None) -> Any:  # Any: what the user's code is
    if find_spec("torch") is None:
        raise missing_package("torch", "torch")
    found = _find_target(target)
    check_settings(target, found, settings or {})
    return partial(found, **settings) if settings else found


def make_module(target: str, found: Any) -> nn.Module:  # Any: a module, or what returns one
    """Make the module on the meta device, in evaluation mode; `target` stands in messages.

    Raises:
        CnncostError: it fails, or is no module.
    """
    import torch

    try:
        module = _make_on(found, torch.device("meta"))
    except (NotImplementedError, RuntimeError, TypeError, ValueError):
        # Code that computes with tensors while it builds needs them to have values.
        module = _make_guarded(target, found, lambda: _make_on(found, torch.device("cpu")))
        module = module.to("meta") if isinstance(module, torch.nn.Module) else module
    except Exception as error:
        raise _building_failure(target, found, error) from error
    return _check_module(target, module)


def stated_input(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shape of the input that a model says it is for, as those of timm do; else none."""
    stated = getattr(module, "pretrained_cfg", None)
    shape = stated.get("input_size") if isinstance(stated, Mapping) else None
    if not isinstance(shape, tuple | list) or not all(isinstance(size, int) for size in shape):
        return {}
    return {"": tuple(shape)}


def _check_module(target: str, module: Any) -> nn.Module:  # Any: what the user's code makes
    import torch

    if not isinstance(module, torch.nn.Module):
        kind = type(module).__name__
        raise CnncostError(f"{target} returns a {kind}, not a torch.nn.Module", "name its builder")
    return module.eval()


def _make_on(found: Any, device: Any) -> Any:  # Any: what the user's code is and makes
    import torch

    if isinstance(found, torch.nn.Module):
        return copy.deepcopy(found).to(device)
    with device:
        return found()


def _make_guarded(target: str, found: Any, make: Any) -> Any:  # Any: as above
    try:
        return make()
    except Exception as error:
        raise _building_failure(target, found, error) from error


def _building_failure(target: str, found: Any, error: Exception) -> CnncostError:  # Any: as above
    said = str(error).strip().splitlines() or [""]
    text = f"{target} fails: {type(error).__name__}: {said[0][:200]}"
    given = ", ".join(f"{name}={value}" for name, value in getattr(found, "keywords", {}).items())
    how = f"with {given}" if given else "without arguments"
    return CnncostError(text, f"it is called {how}; {_argument_hint(found)}")


def _argument_hint(found: Any) -> str:  # Any: as above
    """Say what its caller may do about its arguments."""
    taken = accepted_names(found)
    if taken == ():
        return "write a function that needs none"
    return f"--set NAME=NUMBER gives it {', '.join(taken or ('any',))}"


def _find_target(target: str) -> Any:  # Any: a class, function or module object of the user's
    match = TARGET.fullmatch(target)
    if match is None:
        raise CnncostError(
            f"{target}: no PACKAGE.MODULE:FUNCTION or FILE.py:FUNCTION",
            "as in torchvision.models:resnet50",
        )
    module = _import_target(target, match["where"])
    create = getattr(module, "create_model", None)
    if callable(create) and not hasattr(module, match["what"].partition(".")[0]):
        return partial(create, match["what"])  # a package that makes its models by name, as timm
    found: Any = module
    for name in match["what"].split("."):
        if not hasattr(found, name):
            known = [word for word in vars(found) if not word.startswith("_")]
            hint = did_you_mean(name, known, "name a function or class of it")
            raise CnncostError(f"{match['where']} has no {name!r}", hint)
        found = getattr(found, name)
    return found


def _import_target(target: str, where: str) -> ModuleType:
    try:
        if where.endswith(".py"):
            return _import_file(Path(where))
        if "" not in sys.path:
            sys.path.insert(0, "")
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        raise CnncostError(f"{target}: {error}", "install it, or name another module") from None
    except CnncostError:
        raise
    except Exception as error:
        raise CnncostError(f"{target}: importing fails: {type(error).__name__}: {error}") from error


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise CnncostError(f"{path}: no such file", "name a Python file")
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise CnncostError(f"{path}: no Python file", "name a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def accepted_names(found: Any) -> tuple[str, ...] | None:  # Any: a class, function or module
    """Return the names of the arguments that it takes; None where it takes any."""
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

"""Single modules of torch.nn with odd arguments, through PyTorch and through ONNX.

    python tests/fuzz_modules.py --seed 1 --count 400 [--way torch] [--way onnx] [--way dynamo]

Held: an import is exact (its parameters are the module's own, its connections those of
PyTorch's counter, its output the module's), or says that it is not complete and counts no more
than there is, or is refused with a message. The first line of each other one is printed, and
can be drawn again by its seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from drawn_module import DrawnModule, Given
from module_draws import KINDS, draw
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import cnncost
from cnncost.api import load_graph
from cnncost.errors import CnncostError
from cnncost.formats.torch_in.export_call import silence_torch
from cnncost.formats.torch_in.torch_source import make_module
from cnncost.formats.torch_in.torch_trace import FAULT, trace_module

WAYS = ("torch", "onnx", "dynamo")
UNSEEN = (nn.RNNBase, nn.RNNCellBase, nn.Bilinear)
"""PyTorch's counter does not see their products."""


class Measured(NamedTuple):
    """What a module is by its own word."""

    parameters: int
    products: int
    """0 where PyTorch's counter sees none, or none that it sees are all."""
    counted: bool
    units: int
    """Of its first output."""


def tensors(drawn: DrawnModule, module: nn.Module) -> tuple[torch.Tensor, ...]:
    """One example of each input."""
    kinds = (p.dtype for p in module.parameters() if p.dtype.is_floating_point)
    dtype = torch.long if drawn.whole else next(kinds, torch.float32)
    return tuple(torch.zeros((1, *shape), dtype=dtype) for shape in drawn.shapes)


def without_parametrizations(module: nn.Module) -> None:
    """With the weights themselves, as exporters fold what a weight is computed from."""
    for part in module.modules():
        for name in list(getattr(part, "parametrizations", ())):
            nn.utils.parametrize.remove_parametrizations(part, name)


@contextmanager
def without_fast_path() -> Iterator[None]:
    """Attention by its products: the fast path has no ONNX, and PyTorch's counter sees none."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def randomised(module: nn.Module) -> nn.Module:
    """With numbers that differ, as training leaves them: exporters join equal tensors."""
    torch.manual_seed(1)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module


def measured(drawn: DrawnModule, module: nn.Module) -> Measured:
    inputs = tensors(drawn, module)
    math, flops = sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False)
    with without_fast_path(), math, torch.no_grad(), flops:
        y: Any = module(*inputs)
    while isinstance(y, tuple | list):
        y = y[0]
    counted = not any(isinstance(part, UNSEEN) for part in module.modules())
    own = sum(p.numel() for p in module.parameters())
    return Measured(own, flops.get_total_flops() // 2, counted, y.numel())


def by_torch(drawn: DrawnModule, folder: Path) -> cnncost.Spec:
    shapes = {f"input{i}" if i else "input": shape for i, shape in enumerate(drawn.shapes)}
    return load_graph(trace_module(make_module("net", drawn.build), "net", shapes), "net")


def exported(drawn: DrawnModule, module: nn.Module, path: Path, *, dynamo: bool) -> bool:
    """Whether PyTorch itself can write it as ONNX."""
    try:
        with silence_torch(), without_fast_path():
            given: dict[str, Any] = {"verbose": False} if dynamo else {"opset_version": 17}
            torch.onnx.export(module, tensors(drawn, module), path, dynamo=dynamo, **given)
    except Exception:  # whatever PyTorch's exporter raises
        return False
    return True


def judged(spec: cnncost.Spec, wanted: Measured) -> str:
    """exact or incomplete; else what is wrong."""
    report = cnncost.count(spec)
    have = report.totals
    said = f"{have.parameters} parameters, {have.connections} connections"
    own = f"{wanted.parameters} and {wanted.products}"
    if any(FAULT in line for line in spec.unknown):
        return f"wrong: {spec.unknown}"
    if not report.complete:
        more = have.parameters > wanted.parameters
        more |= wanted.counted and have.connections > wanted.products
        return f"wrong: {said} at least, of {own}" if more else "incomplete"
    units = {node.output.units for node in report.network.nodes}  # states come after
    if have.parameters != wanted.parameters:
        return f"wrong: {said} for {own}"
    if wanted.counted and have.connections != wanted.products:
        return f"wrong: {said} for {own}"
    return "exact" if wanted.units in units else f"wrong: {units} units for {wanted.units}"


def outcome(drawn: DrawnModule, way: str, folder: Path) -> str:
    """What becomes of a module; the first word is exact, incomplete, refused,
    unrun, unexported, wrong or traceback."""
    module = randomised(drawn.build().eval())
    if way != "torch":
        without_parametrizations(module)
    try:
        wanted = measured(drawn, module)
    except Exception:  # PyTorch itself does not run it so
        return "unrun"
    try:
        if way == "torch":
            return judged(by_torch(drawn, folder), wanted)
        path = folder / "net.onnx"
        if not exported(drawn, module, path, dynamo=way == "dynamo"):
            return "unexported"
        return judged(cnncost.load(path), wanted)
    except CnncostError as error:
        return f"refused: {str(error).splitlines()[0]}"
    except Exception:
        return f"traceback: {traceback.format_exc()}"


def run(seed: int, count: int, ways: tuple[str, ...], *, loud: bool = False) -> Counter[str]:
    """How many of each outcome; every kind takes its turn.

    Raises:
        AssertionError: an import is wrong, or ends in a traceback.
    """
    found: Counter[str] = Counter()
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        for number in range(count):
            kind = KINDS[number % len(KINDS)]
            one = f"{seed}.{number}"
            for way in ways:
                with silence_torch():
                    said = outcome(draw(random.Random(one), kind), way, Path(name))
                word = said.partition(":")[0]
                found[f"{way} {word}"] += 1
                line = f"{one} {way} {module_text(draw(random.Random(one), kind))}: {said}"
                if loud and word not in ("exact", "unexported", "unrun"):
                    print(line, flush=True)
                if word in ("wrong", "traceback"):
                    wrong.append(line)
    assert not wrong, "\n".join(wrong)
    return found


def module_text(drawn: DrawnModule) -> str:
    """The module as PyTorch prints it, on a line, and its inputs."""
    module = drawn.build()
    inner = module.inner if isinstance(module, Given) else module
    return f"{' '.join(str(inner).split())[:300]} of {drawn.shapes}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=375)
    parser.add_argument("--way", action="append", choices=WAYS)
    given = parser.parse_args()
    found = run(given.seed, given.count, tuple(given.way or WAYS[:2]), loud=True)
    for word, count in sorted(found.items()):
        print(f"{word:20} {count:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

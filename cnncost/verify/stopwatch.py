"""Measure how long a network takes on this machine, in PyTorch or in ONNX Runtime."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError
from cnncost.formats import missing_package
from cnncost.timing.fitting import find_quantile

if TYPE_CHECKING:
    from cnncost.language import Spec

LEAST_RUNS = 3
"""How many runs are timed at least, after one that is not."""

QUICK_SHARE = 0.25
"""The quantile that is reported, the median of the quicker half: what else a machine does makes
runs slower, and none quicker."""

RUNTIMES = ("pytorch", "onnxruntime")

TIMED_DTYPES = ("fp32", "fp16", "bf16")

Run = Callable[[], object]


class Stopwatch(NamedTuple):
    """How networks are run and timed."""

    runtime: str = "pytorch"
    where: str = "cpu"
    """cpu or cuda."""
    threads: int = 0
    """Of the CPU; 0 for as many as the runtime takes by itself."""
    dtype: str = "fp32"
    seconds: float = 2.0
    """How long a network is run at a batch; longer where it needs that for `LEAST_RUNS`."""

    @property
    def clock(self) -> Callable[[], float]:
        """The clock that is read. One thread's work is timed by the processor time that it takes,
        which does not grow while other programs have the processor."""
        return process_time if self.threads == 1 and self.where == "cpu" else perf_counter

    def measure_seconds(self, spec: Spec, batch: int) -> float:
        """Measure the seconds of a run in inference on random numbers.

        Raises:
            CnncostError: the runtime is not installed, or cannot run the network.
        """
        run = _make_run(self, spec, batch)
        try:
            return find_quantile(_time_runs(run, self.clock, self.seconds), QUICK_SHARE)
        except (RuntimeError, ValueError, MemoryError) as error:
            reason = (str(error).splitlines() or ["out of memory"])[0]
            raise CnncostError(f"{self.runtime} cannot run {spec.name}: {reason}") from None

    def describe_software(self) -> str:
        """Describe what runs: the runtime with its version, the number type, the threads."""
        if self.runtime == "onnxruntime":
            name = f"ONNX Runtime {_import_onnxruntime().__version__}"
        else:
            name = f"PyTorch {_import_torch().__version__}"
        threads = {0: "", 1: ", 1 thread"}.get(self.threads, f", {self.threads} threads")
        return f"{name}, {self.dtype}{threads if self.where == 'cpu' else ''}"

    def describe_machine(self) -> str:
        """Describe the processor or the GPU, as the system names it."""
        if self.where == "cuda":
            return str(_import_torch().cuda.get_device_name())
        return _read_processor() or platform.machine() or "this machine"

    def check_runtime(self) -> None:
        """Refuse what cannot be measured here, before any work.

        Raises:
            CnncostError: the runtime is not installed, or there is no such device.
        """
        if self.dtype not in TIMED_DTYPES:
            hint = f"{', '.join(TIMED_DTYPES)} can be"
            raise CnncostError(f"{self.dtype} is not timed here", hint)
        if self.runtime == "onnxruntime":
            _import_onnxruntime()
            if self.where != "cpu" or self.dtype != "fp32":
                raise CnncostError(
                    "onnxruntime is measured on the CPU, in fp32", "drop --cuda and --dtype"
                )
        elif self.where == "cuda" and not _import_torch().cuda.is_available():
            raise CnncostError("PyTorch finds no CUDA device here", "drop --cuda")


def _time_runs(run: Run, clock: Callable[[], float], seconds: float) -> list[float]:
    """Time runs one by one, after a first one that warms up."""
    run()
    times: list[float] = []
    while len(times) < LEAST_RUNS or sum(times) < seconds:
        start = clock()
        run()
        times.append(max(clock() - start, 1e-9))
    return times


def _make_run(watch: Stopwatch, spec: Spec, batch: int) -> Run:
    if watch.runtime == "onnxruntime":
        return _make_onnx_run(watch, spec, batch)
    return _make_torch_run(watch, spec, batch)


def _make_torch_run(watch: Stopwatch, spec: Spec, batch: int) -> Run:
    """Build the network's PyTorch code, and make a function that runs it once."""
    from cnncost.formats.torch_out.torch_code import pytorch_code
    from cnncost.verify.measure import build_network, find_torch_dtype

    code = pytorch_code(spec.network)
    torch = _import_torch()
    if watch.threads:
        torch.set_num_threads(watch.threads)
    torch.manual_seed(0)
    kind = find_torch_dtype(watch.dtype)
    model = build_network(code).eval().to(watch.where, kind)
    shapes = [node.output.dims for node in spec.network.inputs]
    data = [torch.randn(batch, *dims).to(watch.where, kind) for dims in shapes]

    def run() -> None:
        with torch.inference_mode():
            model(*data)
        if watch.where == "cuda":
            torch.cuda.synchronize()

    return run


def _make_onnx_run(watch: Stopwatch, spec: Spec, batch: int) -> Run:
    """Write the network as ONNX, and make a function that runs it once."""
    import numpy as np

    from cnncost.formats import onnx_out

    if batch != 1:
        raise CnncostError("ONNX files are written for batch 1", "--batch 1, or --runtime pytorch")
    runtime = _import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = watch.threads
    session = runtime.InferenceSession(onnx_out.write(spec), options, ["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    data = {
        node.name: random.standard_normal((1, *node.output.dims), dtype=np.float32)
        for node in spec.network.inputs
    }
    return lambda: session.run(None, data)


def _import_torch() -> Any:  # Any: the package, which has no types here
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise missing_package("PyTorch", "torch") from None
    return torch


def _import_onnxruntime() -> Any:  # Any: the package, which has no types
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        if error.name != "onnxruntime":
            raise
        hint = "pip install onnxruntime onnx"
        raise CnncostError("ONNX Runtime is not installed", hint) from None
    return onnxruntime


def _read_processor() -> str:
    """Read the processor's name where Linux keeps it; empty elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = (line.partition(":") for line in file)
            return next((value.strip() for key, _, value in lines if "model name" in key), "")
    except OSError:
        return ""

"""Trains the variants that `train_plans.py` wrote: small networks on Fashion-MNIST and MNIST."""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

TASKS = {"stacked": "anywhere"}
"""The task of a network, where it is not to find a garment among pieces."""
RATES = {"plain": 1e-3, "stacked": 2e-3}
"""Learning rates, where it is not 3e-3: a network without norms wants less."""
BATCH, TESTED, DECAY = 256, 10_000, 0.02
SIZE = {"among pieces": 48, "anywhere": 32}


def draw_images(task: str, data: Mapping[str, Any], device: str) -> Any:
    """Put each garment at a random place, over pieces of other pictures where the task says so."""
    import torch

    draw = torch.Generator().manual_seed(1)
    clothes, digits = (torch.from_numpy(data[name]).to(device) for name in ("fx", "dx"))
    count, size = len(clothes), SIZE[task]
    images = torch.zeros(count, size, size, dtype=torch.uint8, device=device)
    every = torch.arange(count, device=device)[:, None, None]

    def window(reach: int, side: int) -> tuple[Any, Any]:
        corner = torch.randint(0, reach - side + 1, (count, 2), generator=draw).to(device)
        along = torch.arange(side, device=device)
        return (corner[:, :1] + along)[:, :, None], (corner[:, 1:] + along)[:, None, :]

    for piece in range(6 if task == "among pieces" else 0):
        source = (clothes, digits)[piece % 2][torch.randperm(count, generator=draw).to(device)]
        dimmed = (source[(every, *window(28, 14))].float() * 0.6).to(torch.uint8)
        images[(every, *window(size, 14))] = dimmed
    place = (every, *window(size, 28))
    images[place] = torch.maximum(images[place], clothes)
    return images[:, None], torch.from_numpy(data["fy"]).long().to(device)


def build_network(path: Path) -> Any:
    """Build the last module of a file of exported code, with He's weights."""
    from torch import nn

    spec = importlib.util.spec_from_file_location("exported", path)
    assert spec is not None
    assert spec.loader is not None
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    own = [one for one in vars(code).values() if isinstance(one, type)]
    net = [one for one in own if one.__module__ == code.__name__][-1]()
    layers = [one for one in net.modules() if isinstance(one, (nn.Conv2d, nn.Linear))]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    nn.init.normal_(layers[-1].weight, std=0.01)
    return net


class Training:
    """One run: AdamW with a linear warm-up and decay, every other batch mirrored at random."""

    def __init__(self, net: Any, size: Sequence[int], rate: float, seed: int, device: str) -> None:
        import torch

        self.cuda = device == "cuda"
        self.net = net.to(device, memory_format=torch.channels_last)
        self.size, self.rate, self.device = tuple(size), rate, device
        self.draw = torch.Generator().manual_seed(100 + seed)
        fast = {"fused": True, "capturable": True} if self.cuda else {}
        self.now = torch.tensor(rate, device=device) if self.cuda else rate
        self.optimizer = torch.optim.AdamW(
            net.parameters(), lr=self.now, weight_decay=DECAY, **fast
        )

    def prepare(self, images: Any) -> Any:
        import torch
        from torch.nn.functional import interpolate

        x = (images.float() / 255 - 0.3) / 0.35
        if tuple(x.shape[-2:]) != self.size:
            x = interpolate(x, size=self.size, mode="bilinear", antialias=True)
        return x.contiguous(memory_format=torch.channels_last)

    def outputs(self, x: Any) -> Any:
        import torch

        half = (
            torch.autocast("cuda", torch.bfloat16, cache_enabled=False)
            if self.cuda
            else nullcontext()
        )
        with half:
            return self.net(x).flatten(1)

    def step(self, x: Any, y: Any) -> None:
        from torch.nn.functional import cross_entropy

        self.optimizer.zero_grad(set_to_none=True)
        cross_entropy(self.outputs(x).float(), y).backward()
        self.optimizer.step()

    def record(self, x: Any, y: Any) -> Any:
        """Record a step as a CUDA graph over these buffers; the weights are as before it."""
        import torch

        kept = {name: value.clone() for name, value in self.net.state_dict().items()}
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                self.step(x, y)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step(x, y)
        with torch.no_grad():
            for name, value in self.net.state_dict().items():
                value.copy_(kept[name])
            for state in self.optimizer.state.values():
                for value in state.values():
                    value.zero_()
        return graph

    def run(self, images: Any, labels: Any, epochs: float) -> None:
        """Train for so many epochs."""
        import torch

        count = len(images)
        each = count // BATCH
        steps = int(epochs * each)
        orders = [torch.randperm(count, generator=self.draw)[: each * BATCH] for _ in range(99)]
        order = torch.cat(orders[: steps // each + 1]).view(-1, BATCH).to(self.device)
        flips = torch.rand(steps, generator=self.draw) < 0.5
        x, y = self.prepare(images[:BATCH]), labels[:BATCH].clone()
        graph = self.record(x, y) if self.cuda else None
        for at in range(steps):
            rate = self.rate * min((at + 1) / (0.1 * steps), (steps - at) / (0.9 * steps))
            now = self.prepare(images[order[at]])
            now = now.flip(-1) if flips[at] else now
            if graph is None:
                self.optimizer.param_groups[0]["lr"] = rate
                self.step(now, labels[order[at]])
            else:
                self.now.fill_(rate)
                x.copy_(now)
                y.copy_(labels[order[at]])
                graph.replay()

    def error(self, images: Any, labels: Any) -> float:
        """The share that is classified wrongly."""
        import torch

        self.net.eval()
        with torch.no_grad():
            parts = zip(images.split(1000), labels.split(1000), strict=True)
            wrong = [(self.outputs(self.prepare(x)).argmax(1) != y).sum() for x, y in parts]
        return float(sum(wrong)) / len(images)


def work(out: Path, data: str, next_job: Any, lock: Any, until: float, epochs: float) -> None:
    """Train one job after another, until none or no time is left."""
    import numpy as np
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)
    variants = json.loads((out / "variants.json").read_text())
    jobs = json.loads((out / "jobs.json").read_text())
    with np.load(data) as file:
        pictures = {name: file[name] for name in file.files}
    drawn: dict[str, Any] = {}
    while True:
        with lock:
            at, next_job.value = next_job.value, next_job.value + 1
        if at >= len(jobs) or time.time() > until:
            return
        name, seed = jobs[at]
        net = variants[name]["net"]
        task = TASKS.get(net, "among pieces")
        if task not in drawn:
            drawn[task] = draw_images(task, pictures, device)
        images, labels = drawn[task]
        torch.manual_seed(seed)
        built = build_network(out / f"{name}.py")
        training = Training(built, variants[name]["size"], RATES.get(net, 3e-3), seed, device)
        training.run(images[:-TESTED], labels[:-TESTED], epochs)
        error = training.error(images[-TESTED:], labels[-TESTED:])
        with lock, (out / "errors.csv").open("a") as file:
            file.write(f"{name},{seed},{error:.4f}\n")


def train(out: Path, data: str, workers: int, seconds: float, epochs: float) -> None:
    """Train in several processes: small networks leave a GPU idle."""
    spawn = multiprocessing.get_context("spawn")
    next_job, lock, until = spawn.Value("i", 0), spawn.Lock(), time.time() + seconds
    given = (out, data, next_job, lock, until, epochs)
    processes = [spawn.Process(target=work, args=given) for _ in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

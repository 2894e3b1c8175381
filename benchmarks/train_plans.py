"""Train the plans of `cnncost suggest` beside uniform scaling: is the advice better than none?

Five small networks (benchmarks/trained/*.yaml) on two tasks made of Fashion-MNIST and MNIST: a
garment somewhere among pieces of others and of digits (48x48), a garment anywhere (32x32).

    python benchmarks/train_plans.py write OUT        plans and uniform scaling, as PyTorch code
    python benchmarks/train_plans.py train OUT DATA   trains them; rows into OUT/errors.csv
    python benchmarks/train_plans.py report OUT       measured beside estimated

DATA is an .npz of uint8: fx, fy are 70,000 garments of 28x28 and their labels, dx, dy the digits.
`train` needs PyTorch and OUT alone, so it may run on another machine; with CUDA a run takes some
seconds, on the CPU minutes.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import multiprocessing
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from hashlib import sha1
from math import log
from pathlib import Path
from statistics import fmean
from typing import Any

NETS = Path(__file__).parent / "trained"
TASKS = {"stacked": "anywhere"}
"""The task of a network, where it is not to find a garment among pieces."""
RATES = {"plain": 1e-3, "stacked": 2e-3}
"""Learning rates, where it is not 3e-3: a network without norms wants less."""
BUDGETS = (
    ("connections=50%",), ("connections=25%",), ("weights=50%",), ("weights=25%",),
    ("weights=50%", "connections=50%"),
)  # fmt: skip
BATCH, TESTED, DECAY = 256, 10_000, 0.02
SIZE = {"among pieces": 48, "anywhere": 32}


# What is trained


def list_variants(net: str, *, singles: bool) -> Iterator[tuple[str, str, str]]:
    """Yield role, edits and text of a network, its plans, uniform scaling and single edits."""
    from cnncost import api
    from cnncost.suggest.search.uniform_scaling import scale_uniformly
    from cnncost.suggest.suggestion.request import SuggestionRequest
    from cnncost.suggest.suggestion.suggester import Suggester

    spec = api.load(NETS / f"{net}.yaml")
    yield "base", "", spec.text.text
    for budgets in BUDGETS:
        suggester = Suggester(spec, SuggestionRequest(budgets))
        plan = suggester.suggest().plan
        alike = scale_uniformly(suggester.editable, suggester.search.decisions, suggester.budgets())
        for role, found in (("plan", plan), ("uniform", alike)):
            if found is not None:
                edits = " | ".join(edit.phrase for edit in found.edits)
                yield f"{' '.join(budgets)}: {role}", edits, found.text
    if singles:
        suggester = Suggester(spec, SuggestionRequest(()))
        kinds = defaultdict(list)
        for one in suggester.suggest().singles:
            kinds[one.edit.kind].append(one.edit)
        for kind, edits in kinds.items():
            dearest = max(edits, key=lambda edit: edit.score)
            yield f"single: {kind}", dearest.phrase, suggester.editable.edited_text(dearest.changes)


def write_variants(out: Path, seeds: int, *, singles: bool) -> None:
    """Write each variant as a spec and as PyTorch code, and the list of runs."""
    import cnncost

    found: dict[str, dict[str, Any]] = {}
    for path in sorted(NETS.glob("*.yaml")):
        net = path.stem
        for role, edits, text in list_variants(net, singles=singles):
            name = f"{net}-{sha1(text.encode()).hexdigest()[:8]}"
            network = cnncost.loads(text).network
            variant = found.setdefault(
                name,
                {"net": net, "roles": [], "edits": edits, "size": network.inputs[0].output.extents},
            )
            variant["roles"].append(role)
            (out / f"{name}.yaml").write_text(text)
            command = [sys.executable, "-m", "cnncost", "convert", f"{name}.yaml", f"{name}.py"]
            subprocess.run([*command, "--force"], cwd=out, check=True)
    (out / "variants.json").write_text(json.dumps(found, indent=1))
    jobs = [(name, seed) for seed in range(seeds) for name in found]
    bases = [name for name, one in found.items() if "base" in one["roles"]]
    jobs += [(name, seed) for seed in range(seeds, seeds + 2) for name in bases]
    (out / "jobs.json").write_text(json.dumps(jobs))


# Training


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


# What came out


def report(out: Path) -> None:
    """Print each variant, then plans beside uniform scaling, in ln(error) over the base's."""
    import cnncost

    variants = json.loads((out / "variants.json").read_text())
    errors: dict[str, list[float]] = defaultdict(list)
    with (out / "errors.csv").open() as file:
        for name, _, error in csv.reader(file):
            errors[name].append(log(float(error)))
    bases = {one["net"]: name for name, one in variants.items() if "base" in one["roles"]}
    measured: dict[tuple[str, str], float] = {}
    for name, one in variants.items():
        base = bases[one["net"]]
        if name == base or name not in errors:
            continue
        loss = fmean(errors[name]) - fmean(errors[base])
        specs = [cnncost.load(out / f"{which}.yaml") for which in (base, name)]
        estimate = cnncost.damage(*specs).score
        for role in one["roles"]:
            measured[one["net"], role] = loss
        roles = ", ".join(one["roles"])
        print(f"{one['net']:9s} {loss:+.3f} {estimate:+.3f} {roles}: {one['edits'][:80]}")
    gains = []
    print("\nplan - uniform, ln(error)")
    for (net, role), loss in measured.items():
        beside = measured.get((net, role.replace(": plan", ": uniform")))
        if role.endswith(": plan") and beside is not None:
            gains.append(loss - beside)
            print(f"{net:9s} {role:38s} {gains[-1]:+.3f}")
    if gains:
        print(f"mean {fmean(gains):+.3f}, worst {max(gains):+.3f}, of {len(gains)}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("command", choices=["write", "train", "report"])
    options.add_argument("out", type=Path)
    options.add_argument("data", nargs="?", help="the pictures to train on")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--singles", action="store_true", help="single edits of each kind too")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--seconds", type=float, default=1e9, help="start no run after so long")
    options.add_argument("--epochs", type=float, default=5)
    given = options.parse_args()
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if given.command == "write":
        write_variants(out, given.seeds, singles=given.singles)
    elif given.command == "train":
        train(out, given.data, given.workers, given.seconds, given.epochs)
    else:
        report(out)


if __name__ == "__main__":
    main()

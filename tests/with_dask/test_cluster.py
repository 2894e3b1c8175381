"""A sweep on a scheduler and two workers of its own, on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from distributed import Client

CNNCOST = [sys.executable, "-c", "from cnncost.cli import main; main()", "sweep"]


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder, self.address = folder, f"tcp://127.0.0.1:{port}"
        words = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        self.scheduler = self.start(*words)
        workers = ["worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        self.workers = [self.start(*workers) for _ in range(2)]
        with Client(self.address, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        code = "import sys; from distributed.cli import dask_{0}; dask_{0}.main(prog_name='dask')"
        return subprocess.Popen(
            [sys.executable, "-c", code.format(words[0]), *words[1:]], cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.stop()


def sweep(*words: str, cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CNNCOST, *words], capture_output=True, text=True, cwd=cwd, input=text, check=False
    )


def test_rows_are_those_of_a_serial_run(cluster: Cluster, tmp_path: Path) -> None:
    """Of a file that the workers do not have, a bundled network, and standard input; with what no
    network comes of."""
    here = tmp_path / "here"
    here.mkdir()
    text = (
        "params: {n: 4}\ninput: [1, 9, 9]\n"
        "layers: [{conv: n, kernel: 3}, {conv: 2, kernel: 7, stride: 2}]\n"
    )
    (here / "net.yaml").write_text(text, encoding="utf-8")
    opaque = "input: [8]\nlayers: [{opaque: {output: [8], op: Einsum}}, {dense: 2}]\n"
    (here / "opaque.yaml").write_text(opaque, encoding="utf-8")
    for words in (
        ("net.yaml", "--set", "n=1..150", "--input", "5..9", "--columns", "weights,damage,memory"),
        ("resnet18", "--input", "64..200", "--columns", "connections,time", "--device", "rtx4090"),
        ("-", "--set", "n=1..3", "--columns", "units,flops"),
        ("opaque.yaml", "--input", "8,9", "--strict"),
    ):
        alone = sweep(*words, "-f", "csv", cwd=here, text=text)
        shared = sweep(*words, "-f", "csv", "--dask", cluster.address, cwd=here, text=text)
        assert (shared.returncode, shared.stdout) == (alone.returncode, alone.stdout)
        assert shared.stderr == alone.stderr
        assert len(shared.stdout.splitlines()) > 1 or "opaque" in shared.stderr


def test_a_worker_that_is_killed_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    words = ("mobilenet_v2", "--set", "alpha=0.5..1.1:0.001", "--columns", "connections,memory")
    alone = sweep(*words, "-f", "csv", "--jobs", "2", cwd=tmp_path)

    def kill_one() -> None:
        time.sleep(4)
        cluster.workers[0].kill()

    killer = Thread(target=kill_one)
    killer.start()
    shared = sweep(*words, "-f", "csv", "--dask", cluster.address, cwd=tmp_path)
    killer.join()
    assert cluster.workers[0].wait(5) == -signal.SIGKILL
    assert (shared.returncode, shared.stdout) == (0, alone.stdout)


def test_ctrl_c_keeps_what_is_done(cluster: Cluster, tmp_path: Path) -> None:
    words = ["mobilenet_v2", "--set", "alpha=0.5..9:0.001", "--columns", "memory", "-f", "csv"]
    with subprocess.Popen(
        [*CNNCOST, *words, "--dask", cluster.address, "-o", "rows.csv"], cwd=tmp_path,
        stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        while not any(part.stat().st_size for part in tmp_path.glob(".cnncost-*")):
            time.sleep(0.1)  # until lines are there
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in said
    lines = (tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "alpha,memory"
    firsts = [line.partition(",")[0] for line in lines[1:]]
    assert firsts == [f"{0.5 + i / 1000:.3f}".rstrip("0").rstrip(".") for i in range(len(firsts))]


def test_no_scheduler_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "3s")
    words = ("mobilenet_v2", "--set", "alpha=1", "--dask")
    done = sweep(*words, "tcp://127.0.0.1:9", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("--dask tcp://127.0.0.1:9: no scheduler answers: ")
    assert "Traceback" not in done.stderr
    both = sweep(*words, "tcp://127.0.0.1:9", "--jobs", "2", cwd=tmp_path)
    assert both.stderr.startswith("--dask and --jobs exclude each other\n")
    assert sweep(*words, "nonsense", cwd=tmp_path).returncode == 2

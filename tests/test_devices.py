"""Files of devices: what they may say, what is refused and how, and where they lie."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command import run

from cnncost.device_files import list_device_files, load_device
from cnncost.errors import SpecError
from cnncost.timing import read_device
from cnncost.timing.device_out import write_device
from cnncost.timing.time_columns import TERMS

REFUSED = {
    "": "the device is no mapping",
    "- 1": "the device is no mapping",
    "seconds: {units: 1}": "the device has no device",
    "device: x": "the device has no seconds",
    "device: x\nseconds: {units: 1}\ncycles: {units: 1}": "both seconds and cycles",
    "device: x\ncycles: {units: 1}": "cycles need a clock",
    "device: x\nseconds: {units: 1}\nclock: 1M": "clock goes with cycles",
    "device: x\nseconds: {units: 0}": "seconds has no cost above 0",
    "device: x\nseconds: {}": "seconds has no cost above 0",
    "device: x\nseconds: {unit: 1}": "unknown key 'unit'",
    "device: x\nseconds: {units: -1}": "must be a number that is not negative",
    "device: x\nseconds: {units: nan}": "must be a number that is not negative",
    "device: x\nseconds: {units: 1e999}": "must be a number that is not negative",
    "device: x\nseconds: {units: [1]}": "must be a number that is not negative",
    "device: x\nseconds: 5": "seconds is no mapping",
    "device: x\nseconds: {units: 1}\nbatch: 0": "batch must be a whole number, at least 1",
    "device: x\nseconds: {units: 1}\nbatch: [4, 1]": "batch: the least comes first",
    "device: x\nseconds: {units: 1}\nbatch: [1, 2, 3]": "batch must be two numbers",
    "device: x\nseconds: {units: 1}\ndtype: fp17": "unknown dtype 'fp17'",
    "device: x\nseconds: {units: 1}\ndtype: [fp16]": "a text is due",
    "device: x\nseconds: {units: 1}\nfitted: {interval: [1.1, 2]}": "1, is not in it",
    "device: x\nseconds: {units: 1}\nfitted: {interval: [1, soon]}": "not negative",
    "device: x\nseconds: {units: 1}\nfitted: {connections: [2, 1]}": "the least comes first",
    "device: x\nseconds: {units: 1}\nfitted: {connections: 2}": "connections must be two numbers",
    "device: x\nseconds: {units: 1}\nfitted: 3": "fitted is no mapping",
    "device: x\nseconds: {units: 1}\nfitted: {network: 3}": "unknown key 'network'",
    "device: x\nseconds: {units: 1}\npeak: {macs: 1T}": "peak has no bytes",
    "device: x\nseconds: {units: 1}\npeak: {macs: 0, bytes: 1G, source: x}": "above 0",
    "device: x\nseconds: {units: 1}\nspeed: 1": "unknown key 'speed'",
    "device: x\ndevice: y\nseconds: {units: 1}": "key 'device' is given twice",
    "device: [": "this is no YAML",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_file_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(SpecError) as refused:
        read_device(text, "some.yaml", "some")
    message = str(refused.value)
    assert REFUSED[text] in message
    assert message.startswith("some.yaml:")


@pytest.mark.parametrize("name", list_device_files())
def test_every_shipped_device_says_what_it_rests_on(name: str) -> None:
    device = load_device(name)
    assert device.title
    assert device.runs
    assert set(device.seconds) <= set(TERMS)
    fitted = device.fitted
    assert fitted.on
    assert fitted.networks
    assert fitted.source
    assert fitted.date
    assert fitted.median_error
    assert fitted.interval
    low, high = fitted.interval
    assert low < 1 < high
    if device.peak:
        assert device.peak.source


@pytest.mark.parametrize("name", list_device_files())
def test_a_written_device_reads_as_the_same(name: str) -> None:
    device = load_device(name)
    again = read_device(write_device(device), f"{name}.yaml", name)
    assert again.label == device.label
    assert again.batches == device.batches
    assert again.seconds == pytest.approx(device.seconds, rel=1e-4)
    assert again.peak == device.peak
    assert again.fitted.connections == device.fitted.connections
    assert again.fitted.source == device.fitted.source
    assert again.fitted.interval == pytest.approx(device.fitted.interval)


def test_own_devices_hide_shipped_ones(tmp_path: Path) -> None:
    own = tmp_path / "cnncost" / "devices"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("device: my board\nseconds: {run: 1}\n")
    (own / "rtx4090.yaml").write_text("device: my card\nseconds: {run: 1}\n")
    listed = run("devices", "--format", "csv", XDG_CONFIG_HOME=str(tmp_path))
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(listed.stdout))}
    assert rows["mine"]["device"] == "my board"
    assert rows["rtx4090"]["device"] == "my card"
    assert "Intel" in rows["i7_12700h"]["device"]
    printed = run("devices", "mine", XDG_CONFIG_HOME=str(tmp_path))
    assert printed.stdout == "device: my board\nseconds: {run: 1}\n"


def test_the_list_fits_80_columns() -> None:
    done = run("devices", XDG_CONFIG_HOME="/nowhere")
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert len(json.loads(run("devices", "-f", "json", XDG_CONFIG_HOME="/nowhere").stdout)) == len(
        list_device_files()
    )


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["table", "lenet5", "--time"], "--time needs a device", "--device rtx4090"),
        (["table", "lenet5", "--columns", "time"], "the column time needs a device", "rtx4090"),
        (["table", "lenet5", "--device", "rtx4090"], "--device changes no figure here", "time"),
        (["table", "lenet5", "--time", "--device", "rtx409"], "no device is called", "rtx4090"),
        (["table", "lenet5", "--time", "--device", "x/y.yaml"], "no such file", "devices"),
        (["table", "lenet5", "--batch", "2"], "--batch changes no count", "--time"),
        (["table", "lenet5", "--roofline"], "--roofline needs a device", "rtx4090"),
        (["check", "lenet5", "--budget", "time=2"], "its unit is missing", "2ms"),
        (["check", "lenet5", "--budget", "time=50%"], "its unit is missing", "2ms"),
        (["check", "lenet5", "--budget", "time=0ms"], "is not an amount of time", "2ms"),
        (["check", "lenet5", "--budget", "time=2ms"], "a budget of time needs a device", "rtx"),
        (["check", "lenet5", "--device", "rtx4090"], "--device changes no figure", "time"),
        (["sweep", "mobilenet_v1", "--set", "alpha=1", "--batch", "2"], "--batch changes", "time"),
        (["compare", "lenet5", "lenet5", "--device", "rtx4090"], "--device changes", "time"),
        (["draw", "lenet5", "-o", "-", "-f", "svg", "--roofline"], "--roofline needs", "rtx"),
        (["draw", "lenet5", "-o", "x.svg", "--roofline", "--bars"], "two figures", "one"),
        (["calibrate", "a b"], "no name of a device", "laptop"),
        (["calibrate", "a", "--batch", "0"], "--batch 0: N,N,... is due", "1,16"),
        (["calibrate", "a", "--dtype", "int8", "-o", "-"], "int8 is not timed here", "fp16"),
        (["calibrate", "a", "--networks", "lenet5", "-o", "-"], "too few", "at least 4"),
        (["verify", "lenet5", "--cuda"], "are for timing", "add --time"),
        (["verify", "lenet5", "--time"], "--time needs a device", "rtx4090"),
        (["devices", "nothing"], "no device is called 'nothing'", "devices"),
    ],
)
def test_usage_errors_say_what_would_work(
    arguments: list[str], message: str, hint: str, tmp_path: Path
) -> None:
    done = run(*arguments, cwd=tmp_path, XDG_CONFIG_HOME=str(tmp_path))
    assert done.returncode == 2, done.stderr
    said, _, hinted = done.stderr.partition("\n")
    assert message in said
    assert hint in hinted
    assert not done.stdout


def test_a_device_without_peaks_has_no_roofline(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("device: my board\nseconds: {run: 1}\n")
    done = run("table", "lenet5", "--roofline", "--device", "mine.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("mine has no peaks, so no roofline\n  hint: add peak:")


def test_a_wrong_device_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("device: my board\nseconds: {run: fast}\n")
    done = run("table", "lenet5", "--time", "--device", "mine.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mine.yaml:2:16: seconds: run must be a number")
    (tmp_path / "mine.yaml").write_bytes(b"\xff\xfe")
    done = run("table", "lenet5", "--time", "--device", "mine.yaml", cwd=tmp_path)
    assert done.stderr.startswith("mine.yaml: not UTF-8 text")

"""A sweep on a Dask cluster: its workers measure the cases, and read the networks' texts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from cnncost import api
from cnncost.cli import arch_reader
from cnncost.cli.case_measure import CaseMeasure
from cnncost.cli.scale import MeasureScale
from cnncost.errors import CnncostError, make_printable
from cnncost.formats import by_suffix, is_stream

if TYPE_CHECKING:
    from cnncost.costs import Convention
    from cnncost.study.settings_sweep import SweepCase, SweepRow
    from cnncost.timing import Device

Given = tuple[Sequence[str], "Convention", MeasureScale, "Device | None", int, bool]
"""The columns, the convention, the scale, the device, the most layers, and whether it is strict."""

CHUNK = 50
"""The cases of a task."""
PATIENCE = 10
"""Seconds in which the scheduler must answer."""


def measure_on_cluster(
    address: str, archs: Sequence[str], cases: "Sequence[SweepCase]", given: Given
) -> "Iterator[SweepRow]":
    """Measure the cases on a cluster, in their order; what a lost worker had is done again.

    Raises:
        CnncostError: Dask is not installed, the scheduler does not answer, or a worker fails.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise CnncostError("distributed is not installed", "pip install 'cnncost[dask]'") from None

    found = {arch: _read_text(arch) for arch in archs}
    texts = {arch: text for arch, text in found.items() if text is not None}
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        said = str(error).partition("\n")[0]
        raise CnncostError(
            f"--dask {address}: no scheduler answers: {said}", "as in --dask tcp://127.0.0.1:8786"
        ) from None
    with client:
        job = Job(uuid4().hex, tuple(archs), given, texts)
        chunks = [tuple(cases[at : at + CHUNK]) for at in range(0, len(cases), CHUNK)]
        futures = client.map(_measure_chunk, chunks, job=job, pure=False)
        try:
            for future in futures:
                yield from future.result()
        except CnncostError:
            raise
        except Exception as error:  # what a worker raised: it may lack cnncost
            said = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            raise CnncostError(
                make_printable(f"--dask {address}: a worker failed: {said}"),
                "every worker needs this version of cnncost",
            ) from None
        finally:
            client.cancel(futures)


def _read_text(arch: str) -> str | None:
    """Return the text of a spec that workers may not have as a file; None for what they read by
    its name: bundled networks, code, and files of other forms, which must lie where they are."""
    if arch == "-":
        return arch_reader.read_input_text()
    revision = arch_reader.split_revision(arch)
    path = Path(arch)
    if revision is not None:
        with arch_reader.copy_revision(*revision) as copy:
            return api.decode_spec(Path(copy.name).read_bytes(), make_printable(arch))
    if not api.path_exists(arch):
        return None
    if by_suffix(arch, reads=True) and not is_stream(path):
        return None
    return api.decode_spec(path.read_bytes(), make_printable(arch))


class Job(NamedTuple):
    """What a worker needs to measure cases."""

    token: str
    """Tells the sweeps of a worker apart."""
    archs: tuple[str, ...]
    given: Given
    texts: Mapping[str, str]


_MADE: dict[str, CaseMeasure] = {}
"""On a worker: what measures the cases of the sweep that it works for, by its token."""


def _measure_chunk(chunk: "tuple[SweepCase, ...]", job: Job) -> "list[SweepRow]":
    """Measure some cases on a worker, which reads a sweep's networks once."""
    if job.token not in _MADE:
        columns, convention, scale, machine, max_layers, strict = job.given
        _MADE.clear()
        _MADE[job.token] = CaseMeasure(
            job.archs, columns, convention, scale, machine, max_layers, job.texts, strict=strict
        )
    return [_MADE[job.token](case) for case in chunk]

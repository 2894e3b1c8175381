"""Find blocks again: runs of lines that are equal but for their numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.block_names import collect_convolutions, name_block
from cnncost.formats.equal_runs import EqualRun, Keys, find_cells, find_modules
from cnncost.formats.signature import Signature
from cnncost.formats.spec_text import clean_name
from cnncost.formats.structure_pieces import StructurePiece, common_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncost.formats.equal_runs import Key
    from cnncost.formats.graph import Value

MOST = 16
"""The most blocks of one spec; finding one takes a pass over all lines."""

TRIES = 20
"""How many runs may turn out to differ in too much; each takes one more pass."""

PARAMETERS = 5
"""The most parameters of a short block: a reader keeps no more in mind."""

LONG = 8
"""A block may have one more parameter for each so many lines."""

SMALLEST = 3
"""The fewest lines of a block, unless it is a convolution with its norm and activation."""

PLACES = 2
"""Lines that stand in at most so many places inside other runs become no block of their own."""


class FoundBlock(NamedTuple):
    """A block: its name, its parameters with their defaults (None: required), its lines."""

    name: str
    parameters: dict[str, Value | None]
    body: list[StructurePiece]

    def call_arguments(self, piece: StructurePiece) -> dict[str, Value]:
        """Return the arguments that a call must give: those that differ from the defaults."""
        return {k: v for k, v in piece.args.items() if v != self.parameters[k]}


def find_blocks(top: list[StructurePiece]) -> list[FoundBlock]:
    """Replace equal runs in the lists by calls of blocks, and return the blocks, inner ones first.

    >>> top = []
    >>> for i in (1, 2, 3, 4):
    ...     top.append(StructurePiece("conv", {"filters": 16 * i, "kernel": 3}, f"c{i}", "", ""))
    ...     top.append(StructurePiece("relu", {}, f"r{i}", "", ""))
    >>> [(block.name, *(piece.word for piece in block.body)) for block in find_blocks(top)]
    [('conv_relu', 'conv', 'relu')]
    >>> [(call.word, call.args["filters"]) for call in top]
    [('conv_relu', 16), ('conv_relu', 32), ('conv_relu', 48), ('conv_relu', 64)]
    """
    blocks: list[FoundBlock] = []
    for find, choose in ((find_cells, _choose_most_saving), (find_modules, _choose_smallest)):
        keys = Keys()
        failed: set[Key] = set()
        while len(blocks) < MOST and len(failed) < TRIES:
            lists = [top, *(block.body for block in blocks)]
            chosen = choose(_group_equal_runs(find(lists, keys)), failed)
            if not chosen:
                break
            made = _make_block(chosen, blocks)
            blocks += made
            if not made:
                failed.add(chosen[0].key)
    return blocks


def _group_equal_runs(found: Iterable[EqualRun]) -> list[list[EqualRun]]:
    """Group the runs that one block can stand for, in the order of the text."""
    together: dict[Key, list[EqualRun]] = {}
    for run in found:
        together.setdefault(run.key, []).append(run)
    return [runs for runs in together.values() if len(runs) > 1]


def _choose_most_saving(classes: list[list[EqualRun]], failed: set[Key]) -> list[EqualRun]:
    """Choose the runs for which a block saves most lines; none if no block saves any."""
    worth = [
        runs
        for runs in classes
        if runs[0].key not in failed
        and _count_saved_lines(runs) > 0
        and (runs[0].parent is None or len({run.parent for run in runs}) > 1)
    ]
    return max(worth, key=_count_saved_lines, default=[])


def _choose_smallest(classes: list[list[EqualRun]], failed: set[Key]) -> list[EqualRun]:
    """Choose the smallest runs that are worth a block; none if no block saves a line.

    Runs that always stand at the same places of larger equal runs are parts of those.
    """
    repeated = {runs[0].key for runs in classes} - failed
    repeated |= {(number,) for key in repeated for number in key}
    best: list[EqualRun] = []
    for runs in classes:
        parents = {run.parent for run in runs}
        places = PLACES if runs[0].pieces[0].joins or runs[0].length > 1 else 1  # a gate: always
        inner = len(parents) <= places and all(p is not None and p[0] in repeated for p in parents)
        if runs[0].key in failed or inner:
            continue
        small = _count_lines(runs[0]) < SMALLEST and not any(p.branches for p in runs[0].pieces)
        if small or _count_saved_lines(runs) <= 0:
            continue
        if not best or _count_lines(runs[0]) < _count_lines(best[0]):
            best = runs
    return best


def _count_lines(run: EqualRun) -> int:
    """Count a run's lines; equal ones in a row count once."""
    pieces = run.pieces
    size = pieces[0].lines
    for above, piece in pairwise(pieces):
        size += 0 if is_same_line(above, piece) else piece.lines
    return size


def _count_saved_lines(runs: list[EqualRun]) -> int:
    """Count the lines that a block for these runs saves, less its own, its name and the calls."""
    return (len(runs) - 1) * (_count_lines(runs[0]) - 1) - 2


def is_same_line(a: StructurePiece, b: StructurePiece) -> bool:
    """Whether two lines can be written as one with `repeat`."""
    return (
        a.is_repeatable
        and b.is_repeatable
        and a.word == b.word
        and a.args == b.args
        and len(a.branches) == len(b.branches)
        and all(
            len(x) == len(y) and all(map(is_same_line, x, y))
            for x, y in zip(a.branches, b.branches, strict=True)
        )
    )


def _make_block(runs: list[EqualRun], blocks: list[FoundBlock]) -> list[FoundBlock]:
    """Make the block of these runs, which become its calls; none if it has too many parameters."""
    bodies = [run.pieces for run in runs]
    homes = [common_module(p.home for p in body) for body in bodies]
    name = name_block(bodies[0], homes, {block.name for block in blocks})
    lines = _walk_body(bodies[0])
    before = [piece.label for piece in lines]
    _label_lines(bodies, homes, {name, *(block.name for block in blocks)})
    signature = Signature(bodies)
    if len(signature.parameters) > PARAMETERS + len(lines) // LONG:
        for piece, label in zip(lines, before, strict=True):
            piece.label = label
        return []
    taken = {parameter.name for parameter in signature.parameters}
    for piece in lines:
        piece.label = "" if piece.label in taken else piece.label
    calls = _make_calls(name, runs, bodies, signature)
    for run, call in reversed(list(zip(runs, calls, strict=True))):
        run.line[run.at : run.at + run.length] = [call]  # the last first: places stay right
    for (piece, key), text in zip(signature.holes, signature.texts, strict=True):
        if text is not None:
            piece.args[key] = text
            piece.bound = True
    bodies[0][0].foreign = bodies[0][-1].referred = False
    defaults = signature.default_values()
    order = sorted(signature.parameters[1:], key=lambda p: p.name in defaults)
    parameters = [*signature.parameters[:1], *order]
    return [FoundBlock(name, {p.name: defaults.get(p.name) for p in parameters}, bodies[0])]


def _make_calls(
    name: str, runs: list[EqualRun], bodies: list[list[StructurePiece]], signature: Signature
) -> list[StructurePiece]:
    """Make one call per run, with the run's numbers as arguments."""
    return [
        StructurePiece(
            name,
            {p.name: p.column[i] for p in signature.parameters},
            _call_path(run, body),
            body[0].reads,
            body[-1].out,
            named=True,
            foreign=body[0].foreign,
            referred=body[-1].referred,
            channels=body[0].channels,
            convs=collect_convolutions(body),
            joined=sum(piece.joins for piece in body),
            kinds={p.name: p.kind for p in signature.parameters},
        )
        for i, (run, body) in enumerate(zip(runs, bodies, strict=True))
    ]


def _call_path(run: EqualRun, body: list[StructurePiece]) -> str:
    """Return the path of a call: the module of its lines, or the path of its only named layer if
    the module holds more."""
    home = common_module(piece.home for piece in body)
    counted = [piece for piece in body if piece.named]
    plain = len(counted) == 1 and not any(piece.branches for piece in body)
    if not home or (plain and not _owns_module(run, counted[0], home)):
        return (counted or body)[0].path
    return home


def _owns_module(run: EqualRun, layer: StructurePiece, home: str) -> bool:
    """Whether a module holds this run alone, and its layer's name says no more than its type."""
    end = run.at + run.length
    beside = run.line[max(0, run.at - 1) : run.at] + run.line[end : end + 1]
    if any(piece.path.startswith(f"{home}.") for piece in beside):
        return False
    own = layer.path.removeprefix(f"{home}.").lower()
    if own.isdigit() or own in ("conv", "conv2d", "dense", "linear", "fc", layer.word):
        return True
    # conv1, as a spec numbers the only one of a block
    return own == f"{layer.word}1" and not home.rpartition(".")[2].isdigit()


def _label_lines(bodies: list[list[StructurePiece]], homes: list[str], blocks: set[str]) -> None:
    """Name the lines of a body that all its copies call alike, if there are several."""
    taken = set(blocks)
    several = sum(piece.named for piece in _walk_body(bodies[0])) > 1
    for row in zip(*(_walk_body(body) for body in bodies), strict=True):
        row[0].label = ""
        names = {_relative_path(p.path, home) for p, home in zip(row, homes, strict=True)}
        name = names.pop() if len(names) == 1 else ""
        label = clean_name(name) if name else ""
        if several and row[0].named and label and label not in taken:
            taken.add(label)
            row[0].label = label


def _relative_path(path: str, home: str) -> str:
    """Return a path without its module; empty if only a number is left."""
    inner = path.removeprefix(f"{home}.") if home else path
    return "" if inner[:1].isdigit() else inner


def _walk_body(body: list[StructurePiece]) -> list[StructurePiece]:
    return [inner for piece in body for inner in piece.walk_pieces()]

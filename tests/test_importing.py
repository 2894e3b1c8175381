"""What the readers of other formats do alike: names given once, notes, layers checked."""

from __future__ import annotations

import doctest

import pytest

from cnncost.formats import importing
from cnncost.formats.importing import (
    FreeNames,
    ImportNotes,
    Inexpressible,
    express_layer,
    opaque_label,
)
from cnncost.shape import Shape


def test_examples() -> None:
    done = doctest.testmod(importing)
    assert (done.failed, done.attempted > 0) == (0, True)


def test_no_name_is_given_twice() -> None:
    """Also where a source has a name already that a number would make."""
    names = FreeNames()
    given = [names.take(name) for name in ("a", "a_2", "a", "a", "relu1")]
    given += [names.take_numbered("relu") for _ in range(2)]
    assert given == ["a", "a_2", "a_3", "a_4", "relu1", "relu2", "relu3"]


def test_a_note_is_said_once_with_how_often() -> None:
    notes = ImportNotes()
    for _ in range(3):
        notes.add_stand_in("Exp", "identity")
    notes.add("left out")
    assert notes.count_lines() == "Exp is written as identity (3 times)\nleft out"


def test_a_layer_is_checked_over_its_inputs() -> None:
    """5 x 9, padded to 7 x 11, windows of 3 x 3: 5 x 9; dilation 1 and stride 1 are usual."""
    made = express_layer(
        "conv", {"filters": 4, "kernel": 3, "padding": 1, "dilation": 1}, [Shape(2, (5, 9))]
    )
    assert made.output == Shape(4, (5, 9))
    assert made.arguments == {"filters": 4, "kernel": 3, "padding": 1}
    with pytest.raises(Inexpressible, match="window reaches over 9 positions"):
        express_layer("maxpool", {"kernel": 9}, [Shape(2, (5, 7))])


@pytest.mark.parametrize(
    ("name", "label"), [("Conv2D", "Conv2D"), ("my.Op-é", "my_Op__"), ("", "unknown")]
)
def test_what_an_opaque_layer_says_of_its_source(name: str, label: str) -> None:
    assert opaque_label(name) == label

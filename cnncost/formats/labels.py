"""Names of the spec for the inputs of a file: each its own, however alike the file's are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable


def input_labels(names: Iterable[str]) -> dict[str, str]:
    """A label of letters, digits and underscores for each name, none twice.

    TensorFlow's number of an output, `:0`, is left out where that keeps names apart. A name
    without any Latin letter or digit is `input`, with a number where there are others.
    """
    names = list(dict.fromkeys(names))
    short = {name: _label_word(re.sub(r":\d+$", "", name)) for name in names}
    uses = Counter(short.values())
    wanted = {name: _label_word(name) if uses[short[name]] > 1 else short[name] for name in names}
    if len(names) == 1:
        return {name: word or "input" for name, word in wanted.items()}
    alone = {word for word, count in Counter(wanted.values()).items() if word and count == 1}
    taken = set(alone)
    return {
        name: word if word in alone else _take_free_label(word, taken)
        for name, word in wanted.items()
    }


def _label_word(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.A).strip("_")


def _take_free_label(word: str, taken: set[str]) -> str:
    """The word, or with the first number behind it that is free; it is taken then."""
    name, number = word or "input_1", 1
    while name in taken:
        number += 1
        name = f"{word or 'input'}_{number}"
    taken.add(name)
    return name

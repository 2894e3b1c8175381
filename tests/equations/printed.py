"""The printed gradient equations, read back: each line as a tree of operations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import normalize

from cnncost.errors import CnncostError

LINE = re.compile(r"^  (?P<left>\S+) = (?P<right>.+?)(?:  +[\d,?]+)?$", re.MULTILINE)
"""Two blanks, a symbol, an expression, and after more blanks its connections."""

TOKEN = re.compile(
    r"""(?P<axes>(?:Σ|mean|std)[ₙᵢₚ]*(?:\[g=\d+\])?(?=[ ]))
    |(?P<word>[a-z]{2}[a-z0-9_]*′?(?:\[[^\]\s]*\])?)
    |(?P<symbol>[A-Za-zγβσ][\u0304\u0302]?[A-Z]?(?:_[A-Za-z0-9_.]+)?(?:\[\d+:\d+\])?)
    |(?P<number>√?\d+(?:\.\d+)?)
    |(?P<window>[∗⋆·](?:\[[^\]]*\])?)
    |(?P<call>(?<=[^\s(])\()
    |(?P<sign>[-+−∘/()^ᵀ,≤>\[\]])""",
    re.VERBOSE,
)
"""A call's bracket stands right behind its word, another behind a blank."""

BLANKS = re.compile(r" *")


class Node(NamedTuple):
    """An operation: what it is, its operands, and the text that says more."""

    kind: str
    operands: tuple[Node, ...] = ()
    text: str = ""
    options: str = ""


class Line(NamedTuple):
    """An equation: the symbol on its left, and what it is."""

    left: str
    right: Node


def read_equations(text: str) -> list[Line]:
    """The equations of what `cnncost explain --backward` prints into a pipe.

    Raises:
        CnncostError: a line is none that it prints.
    """
    found = LINE.finditer(normalize("NFD", text))
    return [Line(match["left"], _Reader(match["right"]).whole()) for match in found]


class _Token(NamedTuple):
    kind: str
    text: str


class _Reader:
    """A recursive descent over one expression; the loosest operation first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.at = 0

    def whole(self) -> Node:
        """The expression, which must be all of the text."""
        found = self.sum()
        if self.at < len(self.tokens):
            raise self.misread()
        return found

    def misread(self) -> CnncostError:
        rest = " ".join(token.text for token in self.tokens[self.at :])
        return CnncostError(f"cannot read {rest!r} in the equation {self.text!r}")

    def next_is(self, *texts: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].text in texts

    def take(self) -> _Token:
        if self.at >= len(self.tokens):
            raise self.misread()
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, text: str) -> None:
        if not self.next_is(text):
            raise self.misread()
        self.at += 1

    def sum(self) -> Node:
        found = self.products()
        while self.next_is("+", "−"):
            kind = self.take().text
            found = Node(kind, (found, self.products()))
        return found

    def products(self) -> Node:
        """Products element by element, and quotients, from the left."""
        found = self.windowed()
        while self.next_is("∘", "/"):
            kind = self.take().text
            found = Node(kind, (found, self.windowed()))
        return found

    def windowed(self) -> Node:
        """A convolution or the like, or matrices side by side, which associate to the right."""
        left = self.prefixed()
        if self.at == len(self.tokens):
            return left
        token = self.tokens[self.at]
        if token.kind == "window":
            self.at += 1
            sign, _, options = token.text.partition("[")
            return Node(sign, (left, self.prefixed()), options=options.rstrip("]"))
        if token.kind in ("axes", "word", "symbol", "number") or token.text == "(":
            return Node("product", (left, self.windowed()))
        return left

    def prefixed(self) -> Node:
        token = self.tokens[self.at] if self.at < len(self.tokens) else self.take()
        if token.kind != "axes":
            return self.atom()
        self.at += 1
        sign, _, options = token.text.partition("[")
        word = sign.rstrip("ₙᵢₚ")
        return Node(word, (self.atom(),), sign[len(word) :], options.rstrip("]"))

    def atom(self) -> Node:
        found = self.bare()
        while self.next_is("ᵀ", "^"):
            if self.take().text == "ᵀ":
                found = Node("transpose", (found,))
            else:
                found = Node("power", (found, Node("number", text=self.take().text)))
        return found

    def bare(self) -> Node:
        token = self.take()
        if token.kind == "symbol":
            name, _, channels = token.text.partition("[")
            return Node("symbol", text=name, options=channels.rstrip("]"))
        if token.kind == "number":
            return Node("number", text=token.text)
        if token.kind == "word":
            word, _, options = token.text.partition("[")
            kind, operands = self.arguments(word)
            return Node(kind, operands, word.rstrip("′"), options.rstrip("]"))
        if token.text == "(":
            found = self.sum()
            self.expect(")")
            return found
        if token.text == "[":
            symbol, relation, bound = self.bare(), self.take().text, self.take().text
            self.expect("]")
            return Node("where", (symbol,), f"{relation} {bound}")
        self.at -= 1
        raise self.misread()

    def arguments(self, word: str) -> tuple[str, tuple[Node, ...]]:
        """A function of something in brackets right behind it, or a matrix of that name."""
        if not self.tokens[self.at :] or self.tokens[self.at].kind != "call":
            return "matrix", ()
        self.take()
        found = [self.sum()]
        while self.next_is(","):
            self.take()
            found.append(self.sum())
        self.expect(")")
        return "slope" if word.endswith("′") else "call", tuple(found)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise CnncostError(f"cannot read {text[at:]!r} in the equation {text!r}")
        yield _Token(match.lastgroup, match.group())
        at = BLANKS.match(text, match.end()).end()  # type: ignore[union-attr]  # matches nothing, too

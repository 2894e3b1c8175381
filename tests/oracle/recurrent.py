"""Recurrent layers and embeddings: each product of each step of each direction is written out."""

from __future__ import annotations

from itertools import product

from oracle.tally import Arguments, Counted, Dims, oracle, unit_ids

GATES = {"lstm": "ifgo", "gru": "rzn", "rnn": "h"}


@oracle("lstm", "gru", "rnn")
def recurrent(inputs: list[Dims], arguments: Arguments) -> Counted:
    ((channels, positions),) = inputs
    (word,) = [word for word in GATES if word in arguments]
    hidden, narrow = range(arguments[word]), arguments.get("projection", 0)
    state = range(narrow) if narrow else hidden
    sides = ["on", "back"] if arguments.get("bidirectional") else ["on"]
    vectors = ["of x", "of h"][: 1 if arguments.get("single_bias") else 2]
    weights, biases, uses, bias_uses = set(), set(), 0, 0
    entering = list(range(channels))
    for depth, side, _ in product(range(arguments.get("layers", 1)), sides, range(positions)):
        if depth:
            entering = [(s, i) for s in sides for i in state]  # type: ignore[misc]
        for gate, unit in product(GATES[word], hidden):
            seen = [*(("x", e) for e in entering), *(("h", e) for e in state)]
            weights |= {(depth, side, gate, unit, one) for one in seen}
            uses += len(seen)
            if arguments.get("bias", True):
                biases |= {(depth, side, gate, unit, vector) for vector in vectors}
                bias_uses += len(vectors)
        for made, read in product(state, hidden if narrow else []):
            weights.add((depth, side, "projection", made, ("m", read)))
            uses += 1
    given = [(s, i) for s in sides for i in state]
    shape = (len(given),) if arguments.get("last") else (len(given), positions)
    return Counted(
        shape, len(list(unit_ids(shape))), len(weights), len(biases),
        connections=uses, inside=uses, bias_uses=bias_uses,
    )  # fmt: skip


@oracle("embedding")
def embedding(inputs: list[Dims], arguments: Arguments) -> Counted:
    ((indices,),) = inputs
    table = list(product(range(arguments["vocabulary"]), range(arguments["embedding"])))
    shape = (arguments["embedding"], indices)
    return Counted(shape, len(list(unit_ids(shape))), len(table))  # a look-up multiplies nothing

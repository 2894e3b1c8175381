"""What every layer is: fields that a spec gives, and a formula for each quantity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar, TypeVar, dataclass_transform

from cnncost.errors import Refused
from cnncost.layers.kinds import FieldKind, field_of_kind, flag_field, per_axis_field, whole_field
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw


@dataclass(frozen=True, eq=False, repr=False)
class Layer:
    """One layer type; its instances are frozen.

    `x` is the shape of the input, `y` that of the output. Counts are exact ints, for
    one example.
    """

    word: ClassVar[str]
    """The key that names the type in a spec."""
    main: ClassVar[str | None] = None
    """The field whose value stands behind that key: `filters` in `conv: 96`."""
    kinds: ClassVar[dict[str, FieldKind]] = {}
    """How each field's value is read, by the field's name, in order."""
    known: ClassVar[bool] = True
    """Whether its costs are known. If not, every total that includes it is a lower bound."""
    bias_uses_known: ClassVar[bool] = True
    """Whether the number of uses of its biases is known."""
    counted: ClassVar[bool] = False
    """Whether it has weights, so that tables show it without `--all`."""
    by_rows: ClassVar[bool] = False
    """Whether its weights are one row per output channel."""
    learns: ClassVar[bool] = False
    """Whether it may have parameters."""
    carries: ClassVar[bool] = False
    """Whether a spec may give the values of its parameters and statistics."""
    maps_only: ClassVar[bool] = False
    """Whether it takes maps only and refuses a vector."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.word, *vars(self).values()))

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({given})"

    def infer_shape(self, xs: tuple[Shape, ...]) -> Shape:
        """Return the output's shape, given the shapes of all inputs.

        Raises:
            Refused: the layer cannot take such inputs.
        """
        (x,) = xs
        if self.maps_only and x.is_vector:
            raise Refused(
                f"{self.word} needs a map, but its input is the vector {x}",
                "dense and linear take a vector; reshape: [C, H, W] makes it a map",
            )
        self.check_input(x)
        return self.output_shape(x)

    def check_input(self, x: Shape) -> None:
        """Refuse an input that the formulas do not hold for.

        Raises:
            Refused: the message names the numbers that do not fit.
        """

    def output_shape(self, x: Shape) -> Shape:
        """Return the output's shape; by default it is the input's."""
        return x

    def weights(self, x: Shape) -> int:
        """Count the learned numbers that inputs are multiplied by."""
        return 0

    def biases(self, x: Shape) -> int:
        """Count the learned numbers that are added."""
        return 0

    def extras(self, x: Shape) -> int:
        """Count the learned numbers that are neither, such as a norm's scale and shift."""
        return 0

    def parameters(self, x: Shape) -> int:
        """Count all learned numbers."""
        return self.weights(x) + self.biases(x) + self.extras(x)

    def trainable_parameters(self, x: Shape) -> int:
        """Count the learned numbers that are trained when the layer is not frozen."""
        return self.parameters(x)

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        """Return the shape of each learned tensor by PyTorch's name for it.

        Two layers can share parameters only if these are equal.
        """
        return {}

    def statistic_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        """Return the shape of each tensor that training keeps without learning it, by PyTorch's
        name for it: a batch norm's moving mean and variance."""
        return {}

    def connections(self, x: Shape, y: Shape) -> int:
        """Count the uses of weights in one forward pass (multiply-accumulates)."""
        return 0

    def inside_connections(self, x: Shape, y: Shape) -> int:
        """Count the connections that read an input and not a zero of the layer's own padding."""
        return self.connections(x, y)

    def bias_connections(self, x: Shape, y: Shape) -> int:
        """Count the uses of biases in one forward pass."""
        return 0


def must_split(owner: str, count: int, what: str, groups: int, parts: str = "groups") -> None:
    """Refuse a count of channels that does not split evenly into `groups` parts.

    Raises:
        Refused: the hint lists the group counts, up to 64, that would work.
    """
    if count % groups:
        divisors = ", ".join(str(g) for g in range(1, 65) if count % g == 0)
        raise Refused(
            f"{owner} has {count} {what}, which do not split into {groups} {parts}",
            f"{count} splits into {divisors}",
        )


T = TypeVar("T", bound=type[Layer])

REGISTRY: dict[str, type[Layer]] = {}
"""The types of the families imported so far."""


@dataclass_transform(
    frozen_default=True, field_specifiers=(whole_field, per_axis_field, flag_field, field_of_kind)
)
def make_fields(cls: T) -> T:
    """Turn the class into a frozen dataclass whose fields are its annotations.

    Equality, hash and repr stay those of `Layer`: generating them for each class would take
    more of the start-up time than everything else.
    """
    dataclass(frozen=True, eq=False, repr=False, match_args=False)(cls)
    return cls


@dataclass_transform(
    frozen_default=True, field_specifiers=(whole_field, per_axis_field, flag_field, field_of_kind)
)
def layer(word: str, main: str | None = None) -> Callable[[T], T]:
    """Register a class as the layer type that specs call `word`, and make it a dataclass."""

    def register(cls: T) -> T:
        if "__annotations__" in cls.__dict__:  # without fields of its own, Layer's serve
            make_fields(cls)  # changes the class it is given
        cls.word = word
        cls.main = main
        cls.kinds = {f.name: f.metadata["kind"] for f in fields(cls)}
        cls.learns = cls.tensor_shapes is not Layer.tensor_shapes
        cls.carries = cls.learns and cls.known is True
        REGISTRY[word] = cls
        return cls

    return register


def read_layer(cls: type[Layer], arguments: Mapping[str, Raw], x: Shape | None) -> Layer:
    """Make a layer from a spec's raw arguments for an input of shape `x`; fill in the defaults.

    Without `x` the arguments are only checked, as far as that is possible, and the returned
    layer must not be used.

    Raises:
        Refused: a value does not fit; `field` names the field.
    """
    if x is not None and cls.maps_only and x.is_vector:
        x = None  # infer_shape() will refuse it; here only the arguments are looked at
    values: dict[str, object] = {}
    for name, kind in cls.kinds.items():
        raw = arguments.get(name, kind.default)
        if name not in arguments and raw in values:
            values[name] = values[str(raw)]  # a default that is another field's value
            continue
        try:
            values[name] = kind.read_value(raw, x)
        except Refused as refused:
            raise Refused(f"{name} {refused.what}", refused.hint, field=name) from None
    return cls(**values)

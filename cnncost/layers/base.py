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
    """The type's key in a spec."""
    main: ClassVar[str | None] = None
    """The field that the type's key carries."""
    kinds: ClassVar[dict[str, FieldKind]] = {}
    """The fields, in order."""
    known: ClassVar[bool] = True
    """Whether its costs are known; a total over others is a lower bound."""
    bias_uses_known: ClassVar[bool] = True
    """Whether it is known how often its biases are used."""
    counted: ClassVar[bool] = False
    """Whether the table shows it: it has weights of its own."""
    by_rows: ClassVar[bool] = False
    """Whether its weights are a row for each channel of the output, which a spec may carry."""
    learns: ClassVar[bool] = False
    """Whether it may have parameters."""
    maps_only: ClassVar[bool] = False
    """Whether a vector is refused."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.word, *vars(self).values()))

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({given})"

    def infer_shape(self, xs: tuple[Shape, ...]) -> Shape:
        """The output's shape from those of all inputs.

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
        """Refuse inputs that the formulas do not hold for.

        Raises:
            Refused: naming the numbers that do not fit.
        """

    def output_shape(self, x: Shape) -> Shape:
        """The output's shape; the input's own unless the type says otherwise."""
        return x

    def weights(self, x: Shape) -> int:
        """Numbers that inputs are multiplied by."""
        return 0

    def biases(self, x: Shape) -> int:
        """Numbers that are added."""
        return 0

    def extras(self, x: Shape) -> int:
        """Learned numbers that are neither: a norm's scale and shift and the like."""
        return 0

    def parameters(self, x: Shape) -> int:
        """Every learned number."""
        return self.weights(x) + self.biases(x) + self.extras(x)

    def trainable_parameters(self, x: Shape) -> int:
        """The learned numbers that are trained, unless the whole layer is frozen."""
        return self.parameters(x)

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        """The learned tensors' shapes by PyTorch's names, what a layer must match to share."""
        return {}

    def connections(self, x: Shape, y: Shape) -> int:
        """Uses of a weight in one forward pass: multiply-accumulates."""
        return 0

    def inside_connections(self, x: Shape, y: Shape) -> int:
        """Connections that read an input, not a zero of the layer's own padding."""
        return self.connections(x, y)

    def bias_connections(self, x: Shape, y: Shape) -> int:
        """Uses of a bias."""
        return 0


def must_split(owner: str, count: int, what: str, groups: int, parts: str = "groups") -> None:
    """Refuse a count of channels that does not split evenly into so many parts.

    Raises:
        Refused: with the group counts, up to 64, that would do.
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
    """Make a class's annotations its fields: a frozen dataclass, but equality and the rest are
    Layer's own, for what a dataclass generates costs more than all else at start-up."""
    dataclass(frozen=True, eq=False, repr=False, match_args=False)(cls)
    return cls


@dataclass_transform(
    frozen_default=True, field_specifiers=(whole_field, per_axis_field, flag_field, field_of_kind)
)
def layer(word: str, main: str | None = None) -> Callable[[T], T]:
    """Register a class as the type that specs call `word`, its fields a frozen dataclass's."""

    def register(cls: T) -> T:
        if "__annotations__" in cls.__dict__:  # without fields of its own, Layer's serve
            make_fields(cls)  # changes the class it is given
        cls.word = word
        cls.main = main
        cls.kinds = {f.name: f.metadata["kind"] for f in fields(cls)}
        cls.learns = cls.tensor_shapes is not Layer.tensor_shapes
        REGISTRY[word] = cls
        return cls

    return register


def read_layer(cls: type[Layer], arguments: Mapping[str, Raw], x: Shape | None) -> Layer:
    """The layer of these raw arguments over an input of shape `x`, defaults filled in.

    Without `x` the arguments are checked as far as they can be, and the layer must not
    be used.

    Raises:
        Refused: with the `field` that does not fit.
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

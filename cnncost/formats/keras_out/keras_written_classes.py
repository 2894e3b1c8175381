"""Layers that Keras lacks, as text: a written file has those that it needs."""

CLASSES = {
    "MappedConv": '''
class MappedConv(layers.Layer):
    """A convolution in which each filter sees the maps that its list names."""

    def __init__(
        self, maps, kernel, strides=1, padding="valid", dilation_rate=1, use_bias=True, **kwargs
    ):
        super().__init__(**kwargs)
        self.maps, self.kernel_size, self.use_bias = maps, tuple(kernel), use_bias
        self.options = {"strides": strides, "padding": padding, "dilation_rate": dilation_rate}

    def build(self, shape):
        windows = sum(len(seen) for seen in self.maps)
        self.kernel = self.add_weight((*self.kernel_size, windows), name="kernel")
        if self.use_bias:
            self.bias = self.add_weight((len(self.maps),), "zeros", name="bias")

    def call(self, x):
        outputs, start = [], 0
        for seen in self.maps:
            kernel = self.kernel[..., start : start + len(seen), None]
            outputs.append(ops.conv(ops.take(x, seen, axis=-1), kernel, **self.options))
            start += len(seen)
        y = ops.concatenate(outputs, axis=-1)
        return y + self.bias if self.use_bias else y
''',
    "Subsample": '''
class Subsample(layers.Layer):
    """The sum of each window, times the map's coefficient, plus its bias (LeNet-5)."""

    def __init__(self, kernel, **kwargs):
        super().__init__(**kwargs)
        self.kernel = tuple(kernel)

    def build(self, shape):
        self.scale = self.add_weight((shape[-1],), "ones", name="scale")
        self.bias = self.add_weight((shape[-1],), "zeros", name="bias")

    def call(self, x):
        mean = ops.average_pool(x, self.kernel, self.kernel)
        return mean * math.prod(self.kernel) * self.scale + self.bias
''',
    "Step": '''
class Step(layers.Layer):
    """1 from zero up, 0 below; it passes no gradient on."""

    def call(self, x):
        return ops.cast(x >= 0, x.dtype)
''',
    "PadLowest": '''
class PadLowest(layers.Layer):
    """Edges around a map that never win when the largest of a window is taken."""

    def __init__(self, amounts, **kwargs):
        super().__init__(**kwargs)
        self.amounts = amounts

    def call(self, x):
        edges = [(0, 0), *map(tuple, self.amounts), (0, 0)]
        return ops.pad(x, edges, constant_values=float("-inf"))
''',
    "LocalResponseNorm": '''
class LocalResponseNorm(layers.Layer):
    """Each unit over those of its neighbouring channels (AlexNet)."""

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0, **kwargs):
        super().__init__(**kwargs)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def call(self, x):
        edges = [(0, 0)] * (len(x.shape) - 1) + [(self.size // 2, (self.size - 1) // 2)]
        squares, channels = ops.pad(ops.square(x), edges), x.shape[-1]
        near = sum(squares[..., i : i + channels] for i in range(self.size))
        return x / (self.k + self.alpha / self.size * near) ** self.beta
''',
    "Scale": '''
class Scale(layers.Layer):
    """Each channel times a learned factor."""

    def __init__(self, shared=False, **kwargs):
        super().__init__(**kwargs)
        self.shared = shared

    def build(self, shape):
        self.factor = self.add_weight((1 if self.shared else shape[-1],), "ones", name="factor")

    def call(self, x):
        return x * self.factor
''',
    "ChannelShuffle": '''
class ChannelShuffle(layers.Layer):
    """Channels interleaved across groups."""

    def __init__(self, groups, **kwargs):
        super().__init__(**kwargs)
        self.groups = groups

    def call(self, x):
        *outer, channels = x.shape[1:]
        x = ops.reshape(x, (-1, *outer, self.groups, channels // self.groups))
        return ops.reshape(ops.swapaxes(x, -1, -2), (-1, *outer, channels))
''',
    "PixelShuffle": '''
class PixelShuffle(layers.Layer):
    """Channels become finer positions, by a factor an axis."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = tuple(factor)

    def call(self, x):
        *extents, channels = x.shape[1:]
        axes, left = len(extents), channels // math.prod(self.factor)
        x = ops.reshape(x, (-1, *extents, left, *self.factor))
        order = [i for axis in range(axes) for i in (1 + axis, 2 + axes + axis)]
        finer = [n * f for n, f in zip(extents, self.factor)]
        return ops.reshape(ops.transpose(x, (0, *order, 1 + axes)), (-1, *finer, left))
''',
    "SpaceToDepth": '''
class SpaceToDepth(layers.Layer):
    """Positions become channels, by a factor an axis."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = tuple(factor)

    def call(self, x):
        *extents, channels = x.shape[1:]
        axes, coarser = len(extents), [n // f for n, f in zip(extents, self.factor)]
        split = [n for pair in zip(coarser, self.factor) for n in pair]
        x = ops.reshape(x, (-1, *split, channels))
        grid, within = range(1, 2 * axes, 2), range(2, 2 * axes + 1, 2)
        x = ops.transpose(x, (0, *grid, 2 * axes + 1, *within))
        return ops.reshape(x, (-1, *coarser, channels * math.prod(self.factor)))
''',
    "Product": '''
class Product(layers.Layer):
    """The matrix product of two sequences: the second's channels meet the first's positions."""

    def call(self, pair):
        first, second = pair
        return ops.matmul(second, first)
''',
}

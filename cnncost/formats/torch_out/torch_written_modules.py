"""Modules that PyTorch lacks, as text: a written file has those that it needs."""

MODULES = {
    "MappedConv": '''
class MappedConv(nn.Module):
    """A convolution in which each filter sees the maps that its list names."""

    def __init__(self, maps, kernel, stride=1, padding=0, dilation=1, bias=True):
        super().__init__()
        self.maps = maps
        self.options = {"stride": stride, "padding": padding, "dilation": dilation}
        self.conv = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[len(kernel)]
        windows = sum(len(seen) for seen in maps)
        self.weight = nn.Parameter(torch.empty(windows, *kernel).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(len(maps))) if bias else None

    def forward(self, x):
        filters = self.weight.split([len(seen) for seen in self.maps])
        y = [
            self.conv(x[:, seen], weight[None], **self.options)
            for seen, weight in zip(self.maps, filters, strict=True)
        ]
        y = torch.cat(y, dim=1)
        return y if self.bias is None else y + self.bias.view(-1, *[1] * (y.dim() - 2))
''',
    "LocallyConnected": '''
class LocallyConnected(nn.Module):
    """A convolution without sharing: every output unit has a window and a bias of its own."""

    def __init__(self, channels, output, kernel, stride, dilation=None, groups=1, bias=True):
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.dilation, self.groups = dilation or [1] * len(kernel), groups
        window = (channels // groups, *kernel)
        self.weight = nn.Parameter(torch.empty(*output, *window).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(output)) if bias else None

    def forward(self, x):
        windows = zip(self.kernel, self.stride, self.dilation, strict=True)
        for axis, (kernel, stride, dilation) in enumerate(windows):
            x = x.unfold(2 + axis, dilation * (kernel - 1) + 1, stride)[..., ::dilation]
        x = x.unflatten(1, (self.groups, -1))
        weight = self.weight.unflatten(0, (self.groups, -1))
        p, k = "pqr"[: len(self.kernel)], "xyz"[: len(self.kernel)]
        y = torch.einsum(f"ngc{p}{k},gf{p}c{k}->ngf{p}", x, weight).flatten(1, 2)
        return y if self.bias is None else y + self.bias
''',
    "Subsample": '''
class Subsample(nn.Module):
    """The sum of each window, times the map's coefficient, plus its bias (LeNet-5)."""

    def __init__(self, channels, kernel):
        super().__init__()
        self.channels, self.kernel = channels, kernel
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        windows = self.weight.view(-1, 1, *[1] * len(self.kernel))
        windows = windows.expand(-1, 1, *self.kernel)
        conv = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[len(self.kernel)]
        return conv(x, windows, self.bias, stride=self.kernel, groups=self.channels)
''',
    "Scale": '''
class Scale(nn.Module):
    """Each channel times a learned factor."""

    def __init__(self, channels, axes):
        super().__init__()
        self.shape = (-1, *[1] * axes)
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        return x * self.weight.view(self.shape)
''',
    "DropPath": '''
class DropPath(nn.Module):
    """Drops the whole branch, an example at a time, in training."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or not self.rate:
            return x
        keep = 1 - self.rate
        mask = x.new_empty(x.shape[0], *[1] * (x.dim() - 1)).bernoulli_(keep).div_(keep)
        return x * mask
''',
    "Dense": '''
class Dense(nn.Sequential):
    """Modules that each read what enters and what left all before them, joined."""

    def forward(self, x):
        outputs = [x]
        for module in self:
            outputs.append(module(torch.cat(outputs, dim=1) if len(outputs) > 1 else x))
        return torch.cat(outputs, dim=1)
''',
    "PixelShuffle": '''
class PixelShuffle(nn.Module):
    """Channels become finer positions, by a factor an axis."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        axes = len(self.factor)
        x = x.unflatten(1, (-1, *self.factor))
        order = [0, 1]
        for axis in range(axes):
            order += [2 + axes + axis, 2 + axis]
        x = x.permute(order)
        for axis in range(axes):
            x = x.flatten(2 + axis, 3 + axis)
        return x
''',
    "SpaceToDepth": '''
class SpaceToDepth(nn.Module):
    """Positions become channels, by a factor an axis."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        axes = len(self.factor)
        for axis, factor in enumerate(self.factor):
            x = x.unflatten(2 + 2 * axis, (-1, factor))
        blocks = [3 + 2 * axis for axis in range(axes)]
        grid = [2 + 2 * axis for axis in range(axes)]
        return x.permute(0, 1, *blocks, *grid).flatten(1, 1 + axes)
''',
    "Recurrence": '''
class Recurrence(nn.Module):
    """A recurrent layer (lstm, gru or rnn) whose gates have one bias each, step by step."""

    def __init__(
        self, kind, channels, hidden, layers=1, directions=1, projection=0, last=False,
        activation="tanh",
    ):
        super().__init__()
        self.kind, self.hidden, self.layers, self.directions = kind, hidden, layers, directions
        self.projection, self.last, self.activation = projection, last, activation
        rows, state = {"lstm": 4, "gru": 3, "rnn": 1}[kind] * hidden, projection or hidden
        for layer in range(layers):
            sizes = {"weight_ih": (rows, channels), "weight_hh": (rows, state), "bias_ih": (rows,)}
            if projection:
                sizes["weight_hr"] = (projection, hidden)
            for end in ("", "_reverse")[:directions]:
                for name, size in sizes.items():
                    weight = nn.Parameter(torch.empty(size).uniform_(-0.1, 0.1))
                    self.register_parameter(f"{name}_l{layer}{end}", weight)
            channels = directions * state

    def forward(self, x):
        rows = x.unbind(2)
        for layer in range(self.layers):
            made = [self.run(rows, f"_l{layer}")]
            ends = made[0][-1]
            if self.directions == 2:
                made.append(self.run(rows[::-1], f"_l{layer}_reverse"))
                ends = torch.cat([ends, made[1][-1]], dim=1)
                made[1] = made[1][::-1]
            rows = [torch.cat(pair, dim=1) for pair in zip(*made, strict=True)]
        return ends if self.last else torch.stack(rows, dim=2)

    def run(self, rows, part):
        read, weight, bias = (
            getattr(self, name + part) for name in ("weight_ih", "weight_hh", "bias_ih")
        )
        h = rows[0].new_zeros(rows[0].shape[0], weight.shape[1])
        c = rows[0].new_zeros(rows[0].shape[0], self.hidden)
        found = []
        for x in rows:
            h, c = self.step(F.linear(x, read, bias), weight, h, c)
            if self.projection:
                h = F.linear(h, getattr(self, "weight_hr" + part))
            found.append(h)
        return found

    def step(self, seen, weight, h, c):
        if self.kind == "rnn":
            return getattr(torch, self.activation)(seen + F.linear(h, weight)), c
        if self.kind == "lstm":
            i, f, g, o = (seen + F.linear(h, weight)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            return o.sigmoid() * c.tanh(), c
        (xr, xz, xn), (ur, uz, un) = seen.chunk(3, 1), weight.chunk(3)
        r, z = (xr + F.linear(h, ur)).sigmoid(), (xz + F.linear(h, uz)).sigmoid()
        n = (xn + F.linear(r * h, un)).tanh()
        return n + z * (h - n), c
''',
    "Attention": '''
class Attention(nn.Module):
    """Multi-head self-attention over the positions of a map."""

    def __init__(self, channels, dim, heads):
        super().__init__()
        self.heads = heads
        self.in_proj = nn.Linear(channels, 3 * dim)
        self.out_proj = nn.Linear(dim, channels)

    def forward(self, x):
        positions = self.in_proj(x.flatten(2).transpose(1, 2))
        split = positions.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind()
        y = F.scaled_dot_product_attention(query, key, value)
        y = self.out_proj(y.transpose(1, 2).flatten(2))
        return y.transpose(1, 2).reshape(x.shape)
''',
    "GroupedAttention": '''
class GroupedAttention(nn.Module):
    """Self-attention in which several heads may have their keys and values in common."""

    def __init__(self, channels, dim, heads, kv_heads, bias=True):
        super().__init__()
        self.heads, self.kv_heads = heads, kv_heads
        narrow = dim // heads * kv_heads
        self.sizes = [dim, narrow, narrow]
        self.in_proj = nn.Linear(channels, sum(self.sizes), bias=bias)
        self.out_proj = nn.Linear(dim, channels, bias=bias)

    def forward(self, x):
        rows = self.in_proj(x.flatten(2).transpose(1, 2))
        query, key, value = rows.split(self.sizes, dim=2)
        query = query.unflatten(2, (self.heads, -1)).transpose(1, 2)
        copies = self.heads // self.kv_heads
        key, value = (
            part.unflatten(2, (self.kv_heads, -1)).transpose(1, 2).repeat_interleave(copies, dim=1)
            for part in (key, value)
        )
        y = F.scaled_dot_product_attention(query, key, value)
        y = self.out_proj(y.transpose(1, 2).flatten(2))
        return y.transpose(1, 2).reshape(x.shape)
''',
    "PositionEmbedding": '''
class PositionEmbedding(nn.Module):
    """A learned vector per position, added to a map."""

    def __init__(self, length, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(length, channels).normal_(std=0.02))

    def forward(self, x):
        rows = self.weight[: x[0, 0].numel()]
        return x + rows.T.reshape(x.shape[1:])
''',
}

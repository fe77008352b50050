"""What do BigGAN-PyTorch's and Hugging Face's generators compute? Plain torch modules with those state dicts.

Written from the facts in the golden cases' README and used as a second computation, for variants that no case covers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from plugins.sngan.tests.networks import Attention


class Normalized(nn.Module):
    """A convolution or dense layer of BigGAN-PyTorch: one power iteration from `u0` at every call."""

    def __init__(self, layer: nn.Conv2d | nn.Linear, spectral: bool) -> None:
        super().__init__()
        self.weight, self.padding = layer.weight, getattr(layer, "padding", 0)
        self.register_parameter("bias", layer.bias)
        if spectral:
            self.register_buffer("u0", torch.randn(1, len(layer.weight)))
            self.register_buffer("sv0", torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight
        if hasattr(self, "u0"):
            matrix = weight.flatten(1)
            v = F.normalize(self.u0 @ matrix)
            u = F.normalize(v @ matrix.T)
            weight = weight / (v @ matrix.T @ u.T).squeeze()
        if weight.ndim == 2:
            return F.linear(x, weight, self.bias)
        return F.conv2d(x, weight, self.bias, padding=self.padding)


class Norm(nn.Module):
    """Statistics of its own, or below `bn` as with the option mybn; gain and bias read `columns`, or a class number."""

    def __init__(self, columns: int, width: int, eps: float, options: Options) -> None:
        super().__init__()
        holder: nn.Module = self
        if options.mybn:
            self.bn = holder = nn.Module()
            holder.register_buffer("accumulation_counter", torch.zeros(1))
        holder.register_buffer("stored_mean", torch.zeros(width))
        holder.register_buffer("stored_var", torch.ones(width))
        self.eps, self.holder = eps, [holder]
        if not columns:
            self.gain, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        elif options.shared:
            self.gain = Normalized(nn.Linear(columns, width, bias=False), options.spectral)
            self.bias = Normalized(nn.Linear(columns, width, bias=False), options.spectral)
        else:
            self.gain, self.bias = nn.Embedding(columns, width), nn.Embedding(columns, width)

    def forward(self, x: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        x = F.batch_norm(x, self.holder[0].stored_mean, self.holder[0].stored_var, eps=self.eps)
        if condition is None:
            return x * self.gain[:, None, None] + self.bias[:, None, None]
        return x * (1 + self.gain(condition))[..., None, None] + self.bias(condition)[..., None, None]


class Options:
    """The arguments of the program that change the network."""

    def __init__(
        self,
        z: int,
        widths: Sequence[int],
        *,
        classes: int = 3,
        shared: int = 5,
        hier: bool = True,
        deep: int = 0,
        spectral: bool = True,
        attention: Sequence[int] = (),
        mybn: bool = False,
        eps: float = 1e-5,
        bottom: int = 4,
    ) -> None:
        self.z, self.widths, self.classes, self.shared, self.hier = z, widths, classes, shared, hier
        self.deep, self.spectral, self.attention, self.mybn = deep, spectral, attention, mybn
        self.eps, self.bottom = eps, bottom

    @property
    def config(self) -> dict[str, Any]:
        """What the program saves beside the weights; the activation is an object, as there."""
        return {
            "G_depth": max(self.deep, 2),
            "BN_eps": self.eps,
            "G_attn": "0",
            "hier": self.hier,
            "G_activation": nn.ReLU(inplace=True),
        }


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, columns: int, options: Options, *, doubles: bool) -> None:
        super().__init__()
        middle = max(inputs // 4, 1)
        widths = [inputs, middle, middle, middle, outputs] if options.deep else [inputs, outputs, outputs]
        self.kernels = [1, 3, 3, 1] if options.deep else [3, 3]
        self.doubles, self.outputs = doubles, outputs
        for j, kernel in enumerate(self.kernels):
            conv = nn.Conv2d(widths[j], widths[j + 1], kernel, padding=kernel // 2)
            self.add_module(f"conv{j + 1}", Normalized(conv, options.spectral))
            self.add_module(f"bn{j + 1}", Norm(columns, widths[j], options.eps, options))
        if not options.deep:
            self.conv_sc = Normalized(nn.Conv2d(inputs, outputs, 1), options.spectral)

    def forward(self, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        h = x
        for j in range(len(self.kernels)):
            h = F.relu(getattr(self, f"bn{j + 1}")(h, condition))
            if self.doubles and j == len(self.kernels) // 4:
                h = F.interpolate(h, scale_factor=2)
            h = getattr(self, f"conv{j + 1}")(h)
        if self.doubles:
            x = F.interpolate(x, scale_factor=2)
        return h + (self.conv_sc(x) if hasattr(self, "conv_sc") else x[:, : self.outputs])


class BigGANPyTorch(nn.Module):
    """BigGAN, or BigGAN-deep with `deep` blocks for each resolution."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options, widths = options, options.widths
        stages, depth = len(widths) - 1, options.deep or 1
        chunks = options.hier and not options.deep
        self.chunk = options.z // (stages + 1) if chunks else options.z
        columns = options.shared + (self.chunk if options.hier else 0) if options.shared else options.classes
        if options.shared:
            self.shared = nn.Embedding(options.classes, options.shared)
        dense = self.chunk + (options.shared if options.deep else 0)
        self.linear = Normalized(nn.Linear(dense, widths[0] * options.bottom**2), options.spectral)
        blocks: list[list[nn.Module]] = []
        for i in range(stages):
            for g in range(depth):
                out = widths[i] if options.deep and g == 0 else widths[i + 1]
                blocks.append([Block(widths[i], out, columns, options, doubles=g == depth - 1)])
            if i + 1 in options.attention:
                blocks[-1].append(attention(widths[i + 1], options.spectral))
        self.blocks = nn.ModuleList([nn.ModuleList(block) for block in blocks])
        last = Normalized(nn.Conv2d(widths[-1], 3, 3, padding=1), options.spectral)
        self.output_layer = nn.Sequential(Norm(0, widths[-1], 1e-5, options), nn.ReLU(), last)

    def forward(self, z: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        options, count = self.options, len(self.blocks)
        y = self.shared(label) if options.shared else label
        if options.deep:
            z = torch.cat([y, z], dim=1)
            conditions = [z] * count
        elif options.hier:
            z, *rest = z.split(self.chunk, dim=1)
            conditions = [torch.cat([y, part], dim=1) for part in rest]
        else:
            conditions = [y] * count
        x = self.linear(z).view(len(z), options.widths[0], options.bottom, options.bottom)
        for blocks, condition in zip(self.blocks, conditions, strict=True):
            for block in blocks:
                x = block(x) if isinstance(block, Attention) else block(x, condition)
        return torch.tanh(self.output_layer(x))


def attention(width: int, spectral: bool) -> Attention:
    """With BigGAN-PyTorch's names and spectral normalisation."""
    names = ("theta", "phi", "g", "o")
    module = Attention(width, names, "gamma", spectral=False, gain_shape=())
    for name in names:
        setattr(module, name, Normalized(getattr(module, name), spectral))
    return module


class TableNorm(nn.Module):
    """Hugging Face's norm, which keeps statistics for `stats` truncations."""

    def __init__(self, columns: int, width: int, stats: int, eps: float) -> None:
        super().__init__()
        self.register_buffer("running_means", torch.zeros(stats, width))
        self.register_buffer("running_vars", torch.ones(stats, width))
        self.stats, self.eps, self.columns = stats, eps, columns
        if columns:
            self.scale = nn.utils.spectral_norm(nn.Linear(columns, width, bias=False), eps=eps)
            self.offset = nn.utils.spectral_norm(nn.Linear(columns, width, bias=False), eps=eps)
        else:
            self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: torch.Tensor, psi: float, condition: torch.Tensor | None = None) -> torch.Tensor:
        fraction, start = math.modf(psi / (1.0 / (self.stats - 1)))
        rows = [(int(start), fraction), (int(start) + 1, 1 - fraction)] if fraction else [(int(start), 1.0)]
        mean = sum(self.running_means[row] * share for row, share in rows)[:, None, None]
        variance = sum(self.running_vars[row] * share for row, share in rows)[:, None, None]
        x = (x - mean) / (variance + self.eps).sqrt()
        if condition is None:
            return x * self.weight[:, None, None] + self.bias[:, None, None]
        return x * (1 + self.scale(condition))[..., None, None] + self.offset(condition)[..., None, None]


class TableBlock(nn.Module):
    def __init__(self, doubles: bool, inputs: int, outputs: int, columns: int, stats: int, eps: float) -> None:
        super().__init__()
        widths = [inputs, inputs // 4, inputs // 4, inputs // 4, outputs]
        for j, kernel in enumerate((1, 3, 3, 1)):
            self.add_module(f"bn_{j}", TableNorm(columns, widths[j], stats, eps))
            conv = nn.Conv2d(widths[j], widths[j + 1], kernel, padding=kernel // 2)
            self.add_module(f"conv_{j}", nn.utils.spectral_norm(conv, eps=eps))
        self.doubles, self.outputs = doubles, outputs

    def forward(self, x: torch.Tensor, psi: float, condition: torch.Tensor) -> torch.Tensor:
        h, x = x, x[:, : self.outputs]
        for j in range(4):
            h = F.relu(getattr(self, f"bn_{j}")(h, psi, condition))
            if j == 1 and self.doubles:
                h, x = F.interpolate(h, scale_factor=2), F.interpolate(x, scale_factor=2)
            h = getattr(self, f"conv_{j}")(h)
        return h + x


class HuggingFace(nn.Module):
    """The network that a config.json describes."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.config, z, width = config, config["z_dim"], config["channel_width"]
        stats, eps = config["n_stats"], config["eps"]
        self.embeddings = nn.Linear(config["num_classes"], z, bias=False)
        self.generator = nn.Module()
        self.generator.gen_z = nn.utils.spectral_norm(nn.Linear(2 * z, 16 * 16 * width), eps=eps)
        layers: list[nn.Module] = []
        for i, (doubles, a, b) in enumerate(config["layers"]):
            if i == config["attention_layer_position"]:
                names = tuple(f"snconv1x1_{part}" for part in ("theta", "phi", "g", "o_conv"))
                layers.append(Attention(a * width, names, "gamma", spectral=True, gain_shape=(1,)))
            layers.append(TableBlock(doubles, a * width, b * width, 2 * z, stats, eps))
        self.generator.layers = nn.ModuleList(layers)
        self.generator.bn = TableNorm(0, width, stats, eps)
        self.generator.conv_to_rgb = nn.utils.spectral_norm(nn.Conv2d(width, width, 3, padding=1), eps=eps)

    def forward(self, z: torch.Tensor, hot: torch.Tensor, psi: float) -> torch.Tensor:
        condition = torch.cat([z, self.embeddings(hot)], dim=1)
        x = self.generator.gen_z(condition).view(len(z), 4, 4, -1).permute(0, 3, 1, 2)
        for layer in self.generator.layers:
            x = layer(x) if isinstance(layer, Attention) else layer(x, psi, condition)
        return torch.tanh(self.generator.conv_to_rgb(F.relu(self.generator.bn(x, psi)))[:, :3])

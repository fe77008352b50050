"""What do the generators of mimicry and StudioGAN compute? Plain torch modules, whose state dicts have those layouts.

Written from the facts in the golden cases' README and used as a second computation, for variants that no case covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

Labels = torch.Tensor | None


def normalized(module: nn.Module, spectral: bool, eps: float = 1e-12) -> nn.Module:
    return nn.utils.spectral_norm(module, eps=eps) if spectral else module


def randomised(model: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights and statistics of sensible sizes; vectors of spectral norms are shorter than 1 and unconverged."""
    random = torch.Generator().manual_seed(seed)
    state = model.state_dict()
    for name, tensor in state.items():
        last = name.rpartition(".")[2]
        if "num_batches" in name:
            continue
        noise = torch.randn(tensor.shape, generator=random)
        if last in {"running_var", "stored_var", "running_vars"}:
            noise = noise.square() * 0.3 + 0.5
        elif last in {"running_mean", "stored_mean", "running_means", "shift"} or last == "bias":
            noise = noise * 0.2
        elif last in {"gamma", "sigma"}:
            noise = noise * 0.2 + 0.5
        elif tensor.ndim >= 2 and last.startswith("weight") and "embed" not in name:
            noise = noise / tensor[0].numel() ** 0.5
        elif tensor.ndim == 1 and last in {"weight", "gain"}:
            noise = noise * 0.2 + 1
        elif "embed.weight" in name:
            noise = noise * 0.3 + torch.cat([torch.ones(tensor.shape[1] // 2), torch.zeros(tensor.shape[1] // 2)])
        tensor.copy_(noise)
    for name in state:
        if name.endswith("weight_u"):
            weight = state[name[:-1] + "orig"].flatten(1)
            u = torch.randn(len(weight), generator=random)
            u = F.normalize(weight @ (u @ weight), dim=0)  # one step, so that attention does not become sharp
            state[name].copy_(u * 0.9)
            state[name[:-1] + "v"].copy_(F.normalize(u @ weight, dim=0) * 0.95)
    model.load_state_dict(state)
    return model.eval()


class Attention(nn.Module):
    """Keys and values at half the size; the names of the parts differ from program to program."""

    def __init__(
        self, width: int, names: Sequence[str], gain: str, spectral: bool, gain_shape: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.names, self.gain = names, gain
        for name, (a, b) in zip(
            names, ((width, width // 8), (width, width // 8), (width, width // 2), (width // 2, width)), strict=True
        ):
            self.add_module(name, normalized(nn.Conv2d(a, b, 1, bias=False), spectral))
        self.register_parameter(gain, nn.Parameter(torch.zeros(gain_shape)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        theta, phi, g, o = (getattr(self, name) for name in self.names)
        scores = torch.einsum("ncij,nckl->nijkl", theta(x), F.max_pool2d(phi(x), 2))  # (n, h, w, h / 2, w / 2)
        weights = scores.flatten(3).softmax(dim=3).reshape(scores.shape)
        seen = torch.einsum("nckl,nijkl->ncij", F.max_pool2d(g(x), 2), weights)
        return x + getattr(self, self.gain) * o(seen)


class MimicryNorm(nn.Module):
    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(width, affine=False)
        self.embed = nn.Embedding(classes, 2 * width)

    def forward(self, x: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        gain, bias = self.embed(label)[..., None, None].chunk(2, dim=1)
        return gain * self.bn(x) + bias


class MimicryBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, classes: int, spectral: bool) -> None:
        super().__init__()
        self.c1 = normalized(nn.Conv2d(inputs, outputs, 3, padding=1), spectral)
        self.c2 = normalized(nn.Conv2d(outputs, outputs, 3, padding=1), spectral)
        self.b1 = MimicryNorm(inputs, classes) if classes else nn.BatchNorm2d(inputs)
        self.b2 = MimicryNorm(outputs, classes) if classes else nn.BatchNorm2d(outputs)
        self.c_sc = normalized(nn.Conv2d(inputs, outputs, 1), spectral)
        self.classes = classes

    def forward(self, x: torch.Tensor, label: Labels) -> torch.Tensor:
        more = (label,) if self.classes else ()
        up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        h = self.c1(up(F.relu(self.b1(x, *more))))
        return self.c2(F.relu(self.b2(h, *more))) + self.c_sc(up(x))


class Mimicry(nn.Module):
    """Any of its residual generators: widths before the first block and after each, `attention` after which block."""

    def __init__(
        self,
        z: int,
        widths: Sequence[int],
        *,
        side: int = 4,
        classes: int = 0,
        spectral: bool = False,
        attention: int = 0,
    ) -> None:
        super().__init__()
        self.side, self.widths, self.attention = side, widths, attention
        self.l1 = normalized(nn.Linear(z, side * side * widths[0]), spectral)
        for i, (a, b) in enumerate(pairwise(widths)):
            self.add_module(f"block{i + 2}", MimicryBlock(a, b, classes, spectral))
        self.last = len(widths) + 1
        self.add_module(f"b{self.last}", nn.BatchNorm2d(widths[-1]))
        self.add_module(f"c{self.last}", normalized(nn.Conv2d(widths[-1], 3, 3, padding=1), spectral))
        if attention:
            self.attn_block = Attention(widths[attention], ("theta", "phi", "g", "o"), "gamma", spectral, ())

    def forward(self, z: torch.Tensor, label: Labels) -> torch.Tensor:
        x = self.l1(z).view(len(z), -1, self.side, self.side)
        for i in range(1, len(self.widths)):
            x = getattr(self, f"block{i + 1}")(x, label)
            if i == self.attention:
                x = self.attn_block(x)
        return torch.tanh(getattr(self, f"c{self.last}")(F.relu(getattr(self, f"b{self.last}")(x))))


class StudioNorm(nn.Module):
    def __init__(self, columns: int, width: int, spectral: bool) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(width, eps=1e-4, affine=False)
        self.gain = normalized(nn.Linear(columns, width, bias=False), spectral)
        self.bias = normalized(nn.Linear(columns, width, bias=False), spectral)

    def forward(self, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        return self.bn(x) * (1 + self.gain(condition))[..., None, None] + self.bias(condition)[..., None, None]


class PlainNorm(nn.BatchNorm2d):
    def __init__(self, width: int) -> None:
        super().__init__(width, eps=1e-4)

    def forward(self, x: torch.Tensor, condition: Labels = None) -> torch.Tensor:
        return super().forward(x)


class StudioBlock(nn.Module):
    """Two 3x3 convolutions, or a bottleneck of four; `shortcut` tells whether a convolution stands beside them."""

    def __init__(
        self, inputs: int, outputs: int, columns: int, *, spectral: bool, deep: bool, doubles: bool, shortcut: bool
    ) -> None:
        super().__init__()
        middle = max(inputs // 4, 1)
        widths = [inputs, middle, middle, middle, outputs] if deep else [inputs, outputs, outputs]
        self.kernels = [1, 3, 3, 1] if deep else [3, 3]
        self.doubles, self.outputs = doubles, outputs
        for j, kernel in enumerate(self.kernels):
            norm = StudioNorm(columns, widths[j], spectral) if columns else PlainNorm(widths[j])
            self.add_module(f"bn{j + 1}", norm)
            conv = nn.Conv2d(widths[j], widths[j + 1], kernel, padding=kernel // 2)
            self.add_module(f"conv2d{j + 1}", normalized(conv, spectral, 1e-6))
        if shortcut:
            self.conv2d0 = normalized(nn.Conv2d(inputs, outputs, 1), spectral, 1e-6)

    def forward(self, x: torch.Tensor, condition: Labels) -> torch.Tensor:
        h = x
        for j in range(len(self.kernels)):
            h = F.relu(getattr(self, f"bn{j + 1}")(h, condition))
            if self.doubles and j == len(self.kernels) // 4:
                h = F.interpolate(h, scale_factor=2)
            h = getattr(self, f"conv2d{j + 1}")(h)
        if self.doubles:
            x = F.interpolate(x, scale_factor=2)
        return h + (self.conv2d0(x) if hasattr(self, "conv2d0") else x[:, : self.outputs])


class Studio(nn.Module):
    """StudioGAN's backbones "resnet", "big_resnet", "deep_legacy" and "deep_studiogan"."""

    def __init__(
        self,
        z: int,
        widths: Sequence[int],
        *,
        backbone: str,
        classes: int = 0,
        shared: int = 0,
        spectral: bool = False,
        attention: Sequence[int] = (),
        depth: int = 2,
    ) -> None:
        super().__init__()
        self.backbone, self.classes, self.first = backbone, classes, widths[0]
        deep, stages = backbone.startswith("deep"), len(widths) - 1
        self.chunk = z // (stages + 1) if backbone == "big_resnet" else z
        columns = {"resnet": classes, "big_resnet": shared + self.chunk}.get(backbone, shared + z)
        if backbone != "resnet" and classes:
            self.shared = nn.Embedding(classes, shared)
        self.linear0 = normalized(nn.Linear(shared + z if deep else self.chunk, widths[0] * 16), spectral, 1e-6)
        blocks: list[list[nn.Module]] = []
        for i in range(stages):
            for g in range(depth if deep else 1):
                out = widths[i] if deep and g == 0 else widths[i + 1]
                blocks.append(
                    [
                        StudioBlock(
                            widths[i],
                            out,
                            columns,
                            spectral=spectral,
                            deep=deep,
                            doubles=not deep or g == depth - 1,
                            shortcut=backbone != "deep_legacy",
                        )
                    ]
                )
            if i + 1 in attention:
                names = tuple(f"conv1x1_{part}" for part in ("theta", "phi", "g", "attn"))
                blocks.append([Attention(widths[i + 1], names, "sigma", spectral, (1,))])
        self.blocks = nn.ModuleList([nn.ModuleList(block) for block in blocks])
        self.bn4 = nn.BatchNorm2d(widths[-1], eps=1e-4)
        self.conv2d5 = normalized(nn.Conv2d(widths[-1], 3, 3, padding=1), spectral, 1e-6)

    def forward(self, z: torch.Tensor, label: Labels) -> torch.Tensor:
        chunks = list(z.split(self.chunk, dim=1))
        if self.backbone == "resnet":
            seen = F.one_hot(label, self.classes).float() if label is not None else None
            conditions = [seen] * len(self.blocks)
        else:
            front = [self.shared(label)] if label is not None else []
            conditions = [torch.cat([*front, chunk], dim=1) for chunk in chunks[1:] or chunks * len(self.blocks)]
            if self.backbone != "big_resnet":
                chunks[0] = conditions[0]
        x = self.linear0(chunks[0]).view(len(z), self.first, 4, 4)
        for (block,) in self.blocks:
            x = block(x) if isinstance(block, Attention) else block(x, conditions.pop(0))
        return torch.tanh(self.conv2d5(F.relu(self.bn4(x))))

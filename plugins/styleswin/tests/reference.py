"""What should a StyleSwin compute? The slow way, in float64: every pixel looks at every other, and most are forbidden.

It shares no code with the plugin. Weights are a dictionary of arrays in the names of the original program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

Weights = dict[str, np.ndarray]


def weights(
    widths: Sequence[int],
    windows: Sequence[int],
    *,
    heads: Sequence[int] | None = None,
    w: int = 6,
    mappings: int = 2,
    hidden: int = 2,
    channels: int = 3,
    qkv_bias: bool = True,
    seed: int = 0,
) -> Weights:
    """Random weights: a width, a window and (for each half) a number of heads for every resolution from 4 px on."""
    random = np.random.RandomState(seed)
    made: Weights = {}

    def put(name: str, *shape: int, scale: float = 1.0, around: float = 0.0) -> None:
        made[name] = (random.randn(*shape) * scale + around).astype(np.float32)

    for i in range(mappings):
        put(f"style.{i + 1}.weight", w, w, scale=100.0)
        put(f"style.{i + 1}.bias", w, scale=20.0)
    put("input.input", 1, widths[0], 4, 4)
    for i, (width, window) in enumerate(zip(widths, windows, strict=True)):
        side = 4 << i
        for b in (0, 1):
            stem = f"layers.{i}.blocks.{b}"
            if window < side:
                put(f"{stem}.attn_mask2", (side // window) ** 2, window**2, window**2)  # garbage: nobody should read it
            for norm in ("norm1", "norm2"):
                put(f"{stem}.{norm}.style.weight", 2 * width, w, scale=0.5)
                put(f"{stem}.{norm}.style.bias", 2 * width, scale=0.5, around=0.5)
            put(f"{stem}.qkv.weight", 3 * width, width, scale=width**-0.5)
            if qkv_bias:
                put(f"{stem}.qkv.bias", 3 * width, scale=0.3)
            put(f"{stem}.proj.weight", width, width, scale=width**-0.5)
            put(f"{stem}.proj.bias", width, scale=0.2)
            for half in (0, 1):
                number = heads[i] if heads else 2
                put(f"{stem}.attn.{half}.relative_position_bias_table", (2 * window - 1) ** 2, number)
                index = np.full((window**2, window**2), -1)
                made[f"{stem}.attn.{half}.relative_position_index"] = index  # garbage as well
            put(f"{stem}.mlp.fc1.weight", hidden * width, width, scale=width**-0.5)
            put(f"{stem}.mlp.fc1.bias", hidden * width, scale=0.2)
            put(f"{stem}.mlp.fc2.weight", width, hidden * width, scale=(hidden * width) ** -0.5)
            put(f"{stem}.mlp.fc2.bias", width, scale=0.2)
        last = i == len(widths) - 1
        following = width if last else widths[i + 1]
        if not last:
            put(f"layers.{i}.upsample.alpha", 1)
            put(f"layers.{i}.upsample.norm.weight", width, scale=0.2, around=1.0)
            put(f"layers.{i}.upsample.norm.bias", width, scale=0.2)
            put(f"layers.{i}.upsample.reduction.weight", following, width, scale=width**-0.5)
            made[f"layers.{i}.upsample.sin_pos_embed._float_tensor"] = np.full(1, np.nan, np.float32)
            taps = np.array([1, 3, 3, 1], np.float32)
            made[f"to_rgbs.{i}.upsample.kernel"] = np.outer(taps, taps) / 16
        put(f"to_rgbs.{i}.conv.weight", channels, following, 1, 1, scale=0.5)
        put(f"to_rgbs.{i}.conv.bias", channels)
        put(f"to_rgbs.{i}.bias", 1, channels, 1, 1)
    return made


class Reference:
    """The generator with these weights; `mapped` and `picture` are its two halves."""

    def __init__(self, made: Weights, *, multiplier: float = 0.01) -> None:
        self.t = {name: torch.from_numpy(array.astype(np.float64)) for name, array in made.items()}
        self.multiplier = multiplier
        self.num_layers = sum(f"to_rgbs.{i}.bias" in made for i in range(len(made)))

    def mapped(self, z: np.ndarray) -> torch.Tensor:
        """w `(n, w)` for z `(n, w)`."""
        x = torch.from_numpy(z.astype(np.float64))
        x = x / torch.sqrt((x**2).mean(dim=1, keepdim=True) + 1e-8)
        i = 1
        while f"style.{i}.weight" in self.t:
            x = self.dense(f"style.{i}", x, self.multiplier)
            x, i = torch.where(x < 0, 0.2 * x, x) * math.sqrt(2), i + 1
        return x

    def dense(self, name: str, x: torch.Tensor, multiplier: float = 1.0) -> torch.Tensor:
        weight = self.t[f"{name}.weight"]
        return x @ (weight * multiplier / math.sqrt(weight.shape[1])).T + self.t[f"{name}.bias"] * multiplier

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        bias = self.t.get(f"{name}.bias")
        return x @ self.t[f"{name}.weight"].T + (0 if bias is None else bias)

    def picture(self, ws: np.ndarray) -> np.ndarray:
        """Pictures `(n, c, h, w)` for rows `(n, rows, w)`, one after the other."""
        return np.stack([self.one(torch.from_numpy(rows.astype(np.float64))).numpy() for rows in ws])

    def one(self, rows: torch.Tensor) -> torch.Tensor:
        constant = self.t["input.input"][0]  # (C, 4, 4)
        x, side = constant.flatten(1).T, 4  # (pixels, C)
        picture = None
        for i in range(self.num_layers):
            for b in (0, 1):
                x = self.block(f"layers.{i}.blocks.{b}", x, rows[2 * i + b], side)
            if f"layers.{i}.upsample.alpha" in self.t:
                x, side = self.grown(f"layers.{i}.upsample", x, side), 2 * side
            bias = self.t[f"to_rgbs.{i}.conv.bias"] + self.t[f"to_rgbs.{i}.bias"].flatten()
            fresh = x @ self.t[f"to_rgbs.{i}.conv.weight"][:, :, 0, 0].T + bias  # (pixels, c)
            fresh = fresh.T.reshape(-1, side, side)
            if picture is not None and picture.shape[1] < side:
                picture = self.doubled(picture, self.t[f"to_rgbs.{i}.upsample.kernel"])
            picture = fresh if picture is None else picture + fresh
        assert picture is not None
        return picture

    def normed(self, name: str, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        style = self.dense(f"{name}.style", w[None])[0]
        gamma, beta = style[: x.shape[1]], style[x.shape[1] :]
        variance = ((x - x.mean(dim=0)) ** 2).mean(dim=0)
        return gamma * (x - x.mean(dim=0)) / torch.sqrt(variance + 1e-5) + beta

    def block(self, name: str, x: torch.Tensor, w: torch.Tensor, side: int) -> torch.Tensor:
        width = x.shape[1]
        qkv = self.linear(f"{name}.qkv", self.normed(f"{name}.norm1", x, w))  # (pixels, 3 C)
        q, k, v = qkv[:, :width], qkv[:, width : 2 * width], qkv[:, 2 * width :]
        seen = []
        for half in (0, 1):
            part = slice(half * width // 2, (half + 1) * width // 2)
            table = self.t[f"{name}.attn.{half}.relative_position_bias_table"]
            seen.append(self.attention(q[:, part], k[:, part], v[:, part], table, side, shifted=half == 1))
        x = x + self.linear(f"{name}.proj", torch.cat(seen, dim=1))
        hidden = self.linear(f"{name}.mlp.fc1", self.normed(f"{name}.norm2", x, w))
        hidden = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
        return x + self.linear(f"{name}.mlp.fc2", hidden)

    def attention(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, table: torch.Tensor, side: int, *, shifted: bool
    ) -> torch.Tensor:
        """Pixels see each other when the same window, cut off at the edges of the picture, holds both."""
        window = (round(math.sqrt(len(table))) + 1) // 2
        shift = window // 2 if shifted and window < side else 0
        y, x = (t.flatten() for t in torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij"))
        cell = ((y - shift) // window) * 1000 + (x - shift) // window  # (pixels,)
        together = cell[:, None] == cell[None, :]
        down, right = y[:, None] - y[None, :] + window - 1, x[:, None] - x[None, :] + window - 1
        entry = torch.where(together, down * (2 * window - 1) + right, 0)
        seen, each = [], q.shape[1] // table.shape[1]
        for head in range(table.shape[1]):
            part = slice(head * each, (head + 1) * each)
            scores = q[:, part] @ k[:, part].T / math.sqrt(each) + table[entry, head]
            seen.append(scores.masked_fill(~together, -math.inf).softmax(dim=1) @ v[:, part])
        return torch.cat(seen, dim=1)

    def grown(self, name: str, x: torch.Tensor, side: int) -> torch.Tensor:
        up = torch.zeros(2 * side, side, dtype=torch.float64)
        for row in range(2 * side):  # the middle of each new pixel, in old ones
            at = (row + 0.5) / 2 - 0.5
            for old in (math.floor(at), math.floor(at) + 1):
                up[row, min(max(old, 0), side - 1)] += 1 - abs(at - old)
        x = torch.einsum("ay,bx,yxc->abc", up, up, x.reshape(side, side, -1)).flatten(0, 1)
        mean, variance = x.mean(dim=1, keepdim=True), x.var(dim=1, unbiased=False, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-5) * self.t[f"{name}.norm.weight"] + self.t[f"{name}.norm.bias"]
        x = x @ self.t[f"{name}.reduction.weight"].T
        return x + self.t[f"{name}.alpha"] * self.waves(2 * side, x.shape[1])

    def waves(self, side: int, channels: int) -> torch.Tensor:
        half = channels // 4
        rows = []
        for y in range(1, side + 1):
            for x in range(1, side + 1):
                row = []
                for place in (x, y):
                    angles = [place * math.exp(-i * math.log(10000) / (half - 1)) for i in range(half)]
                    row += [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
                rows.append(row)
        return torch.tensor(rows, dtype=torch.float64)

    def doubled(self, picture: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
        channels, side = picture.shape[0], picture.shape[1]
        wide = torch.zeros(channels, 2 * side, 2 * side, dtype=torch.float64)
        wide[:, ::2, ::2] = picture
        wide = F.pad(wide, (2, 1, 2, 1))
        return F.conv2d(wide[:, None], kernel.flip(0, 1)[None, None])[:, 0]

"""How do pixels see each other within windows? Attention that knows how far apart they lie, and windows that shift.

Liu et al., "Swin Transformer", ICCV 2021, section 3.2. Features are `(n, h, w, C)`: the channels come last.
"""

from __future__ import annotations

import torch

FAR = -100.0
"""Added to the scores of pixels that lie in one shifted window but at opposite edges of the picture."""


def window_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, table: torch.Tensor, *, window: int, shift: int
) -> torch.Tensor:
    """What each pixel of `q`, `k`, `v` `(n, side, side, C)` sees in its window: `(n, side, side, C)`.

    `table ((2 window - 1)^2, heads)` is added to the scores by the offset of two pixels. Windows are moved down and
    right by `shift` pixels and go around the edges, where only pixels that are neighbours see each other.
    """
    n, side, _, channels = q.shape
    heads = table.shape[1]
    q, k, v = (_cut(t.roll((-shift, -shift), (1, 2)) if shift else t, window, heads) for t in (q, k, v))
    scores = (q * (channels // heads) ** -0.5) @ k.transpose(-1, -2)  # (n, windows, heads, p, p)
    scores = scores + table[_offsets(window, table.device)].permute(2, 0, 1)  # (heads, p, p)
    if shift:
        scores = scores + _edges(side, window, shift, q.device)[:, None]  # (windows, 1, p, p)
    seen = scores.softmax(dim=-1) @ v  # (n, windows, heads, p, d)
    rows = side // window
    seen = seen.reshape(n, rows, rows, heads, window, window, -1)  # (n, rows, rows, heads, window, window, d)
    joined: torch.Tensor = seen.permute(0, 1, 4, 2, 5, 3, 6).reshape(n, side, side, channels)
    return joined.roll((shift, shift), (1, 2)) if shift else joined


def _cut(x: torch.Tensor, window: int, heads: int) -> torch.Tensor:
    """`(n, side, side, C)` as `(n, windows, heads, p, d)` with `p` pixels in a window and `d` channels for a head."""
    n, side, _, channels = x.shape
    rows = side // window
    x = x.reshape(n, rows, window, rows, window, heads, channels // heads)
    x = x.permute(0, 1, 3, 5, 2, 4, 6)  # (n, rows, rows, heads, window, window, d)
    return x.reshape(n, rows * rows, heads, window * window, channels // heads)


def _offsets(window: int, device: torch.device) -> torch.Tensor:
    """Which entry of a table belongs to each pair of pixels of a window: `(p, p)`."""
    place = torch.arange(window, device=device)
    y, x = (t.flatten() for t in torch.meshgrid(place, place, indexing="ij"))  # (p,) each
    down, right = (t[:, None] - t[None, :] + window - 1 for t in (y, x))  # (p, p) each
    return down * (2 * window - 1) + right


def _edges(side: int, window: int, shift: int, device: torch.device) -> torch.Tensor:
    """For each shifted window, `FAR` where two of its pixels come from opposite edges: `(windows, p, p)`."""
    place = torch.arange(side, device=device)
    part = (place >= side - window).long() + (place >= side - shift).long()  # (side,): 0, then 1, then 2
    parts = (3 * part[:, None] + part[None, :])[None, :, :, None]  # (1, side, side, 1)
    of_pixel = _cut(parts, window, 1)[0, :, 0, :, 0]  # (windows, p)
    return (of_pixel[:, :, None] != of_pixel[:, None, :]).float() * FAR

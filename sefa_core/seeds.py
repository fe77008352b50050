"""How are seeds written and read? `"0-4,85"`, a list, an array; one code is drawn from each."""

from __future__ import annotations

from collections.abc import Iterable

from sefa_core.checks import whole
from sefa_core.errors import SefaError

MOST_SEEDS = 100_000
LIMIT = 1 << 32
"""What `numpy.random.RandomState` takes."""


def parse_seeds(text: str) -> tuple[int, ...]:
    """`"0-4,85"` as `(0, 1, 2, 3, 4, 85)`; raises `SefaError` on anything else."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise SefaError(f"{part.strip()!r} is not understood; write for example 0-4,85")
        low, high = int(first), int(last or first)
        if not low <= high < LIMIT:
            raise SefaError(f"{part.strip()!r} must run upwards and stay below {LIMIT}")
        if high - low + len(seeds) >= MOST_SEEDS:
            raise SefaError(f"more than {MOST_SEEDS} seeds")
        seeds += range(low, high + 1)
    return tuple(seeds)


def seeds_text(seeds: tuple[int, ...]) -> str:
    """Seeds as `--seeds` takes them: `0-4,85`."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][1] + 1:
            runs[-1][1] = seed
        else:
            runs.append([seed, seed])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def seeds_of(given: str | Iterable[int]) -> tuple[int, ...]:
    """Seeds from a text, a list, a range or an array of whole numbers; `SefaError` on anything else, and on none."""
    if isinstance(given, str):
        try:
            return parse_seeds(given)
        except SefaError as problem:
            raise SefaError(f"seeds {given!r}: {problem}") from problem
    if hasattr(given, "__index__") and not getattr(given, "shape", ()):
        raise SefaError(f"seeds={given}: write [{given}] for that seed alone, or range({given}) for so many codes")
    try:
        seeds = tuple(whole(seed, "seed", 0, LIMIT - 1) for seed in given)
    except TypeError as problem:
        raise SefaError(
            f"seeds={given!r}: must be whole numbers; write for example [0, 1, 85] or '0-4,85'"
        ) from problem
    if not seeds:
        raise SefaError("seeds: none given; write for example 0-4,85")
    return seeds

"""How are seeds written and read? `"0-4,85"`, a list, an array; one code is drawn from each.

Where a seed may stand, a file of codes may: `"0-4,face.safetensors"`, or some of its codes, `"latents.pt#0-2"`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sefa_core.checks import whole
from sefa_core.errors import SefaError

MOST_SEEDS = 100_000
LIMIT = 1 << 32
"""What `numpy.random.RandomState` takes."""
SUFFIXES = (".safetensors", ".npz", ".npy", ".pt", ".pth", ".pkl")
"""Of files with codes; what ends so is one, whether it is there or not."""

Seed = int | str
"""A whole number, or codes of a file: `face.safetensors`, `latents.pt#2`."""


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


def parse_samples(text: str) -> tuple[Seed, ...]:
    """`"0-2,face.safetensors"` as `(0, 1, 2, "face.safetensors")`: seeds and files of codes, in any order."""
    if is_file(text) and ("," not in text or _is_there(text)):  # commas may be part of a name
        return (text,)
    found: list[Seed] = []
    for part in text.split(","):
        found += (part.strip(),) if is_file(part.strip()) else parse_seeds(part)
        if len(found) > MOST_SEEDS:
            raise SefaError(f"more than {MOST_SEEDS} seeds")
    return tuple(found)


def is_file(part: str) -> bool:
    """Whether this names a file of codes: it ends like one, or a file of that name is there; `5` is a seed."""
    path, _ = split_file(part)
    if path.replace("-", "").strip().isdecimal():
        return False
    return path.lower().endswith(SUFFIXES) or _is_there(part)


def _is_there(part: str) -> bool:
    try:
        return Path(split_file(part)[0]).is_file()
    except (OSError, ValueError):  # no name that a file could have
        return False


def split_file(part: str) -> tuple[str, str]:
    """`latents.pt#0-2` as the file and which of its codes are meant; "" is all of them."""
    path, mark, which = part.rpartition("#")
    return (path, which) if mark and which.replace("-", "").isdecimal() else (part, "")


def seed_title(seed: Seed) -> str:
    """What a sample is called: `seed 3`, or the name of its file without the folders."""
    return f"seed {seed}" if isinstance(seed, int) else Path(seed).name


def seeds_text(seeds: tuple[Seed, ...]) -> str:
    """Seeds as `--seeds` takes them: `0-4,85,face.safetensors`."""
    runs: list[tuple[Seed, Seed]] = []
    for seed in seeds:
        last = runs[-1][1] if runs else ""
        if isinstance(seed, int) and isinstance(last, int) and seed == last + 1:
            runs[-1] = (runs[-1][0], seed)
        else:
            runs.append((seed, seed))
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def seeds_of(given: str | Iterable[Seed]) -> tuple[Seed, ...]:
    """Seeds and files from a text, a list, a range or an array; `SefaError` on anything else, and on none."""
    if isinstance(given, str):
        try:
            return parse_samples(given)
        except SefaError as problem:
            raise SefaError(f"seeds {given!r}: {problem}") from problem
    if hasattr(given, "__index__") and not getattr(given, "shape", ()):
        raise SefaError(f"seeds={given}: write [{given}] for that seed alone, or range({given}) for so many codes")
    try:
        seeds = tuple(
            seed if isinstance(seed, str) and is_file(seed) else whole(seed, "seed", 0, LIMIT - 1) for seed in given
        )
    except TypeError as problem:
        raise SefaError(
            f"seeds={given!r}: must be whole numbers; write for example [0, 1, 85] or '0-4,85'"
        ) from problem
    if not seeds:
        raise SefaError("seeds: none given; write for example 0-4,85")
    return seeds

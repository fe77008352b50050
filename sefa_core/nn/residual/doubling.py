"""After how many blocks are the features doubled? After each, or after some bottleneck blocks; shapes half tell."""

from __future__ import annotations

from sefa_core.checkpoint import LoadOptions
from sefa_core.errors import SefaError
from sefa_core.nn.residual.plan import Checks

USUAL = 2
"""Bottleneck blocks of one resolution in the paper and in every known model (Brock et al., ICLR 2019, appendix B)."""


def doubling(
    checks: Checks, options: LoadOptions, notes: list[str], said: int | None = None
) -> tuple[tuple[bool, ...], frozenset[str]]:
    """For each block whether it doubles, and which load options could change that. Guesses are added to `notes`.

    Plain blocks all do. `said` is how many bottleneck blocks share a resolution, where a configuration tells; else what
    happens between blocks is asked, then `--geometry`, then custom.
    """
    blocks = checks.blocks()
    if not checks.has("block.0.conv.2.weight"):
        return (True,) * blocks, frozenset()
    if said is not None:
        if said < 1 or blocks % said:
            raise SefaError(
                f"{checks.where}: {said} blocks share a resolution, says its configuration; it has {blocks} blocks"
            )
        return _last_of(said, blocks), frozenset()
    fits = _fitting(checks, blocks)
    if not fits:
        raise SefaError(
            f"{checks.where}: its channels and attention leave no way to double the features; report the variant"
        )
    if len(fits) == 1:
        return _last_of(fits[0], blocks), frozenset()
    chosen, given = fits[0], options.geometry
    if given is not None:
        if given not in map(str, fits):
            raise SefaError(
                f"{checks.where}: geometry {given!r}: write how many blocks share a resolution, {_or(fits)}"
            )
        chosen = int(given)
    else:
        notes.append(
            f"the file does not say how many blocks share a resolution; taken as {chosen}, could be {_or(fits[1:])} "
            "(--geometry settles it)"
        )
    return _last_of(chosen, blocks), frozenset({"geometry"})


def _fitting(checks: Checks, blocks: int) -> tuple[int, ...]:
    """How many blocks may share a resolution, the usual number first.

    The last one doubles: attention follows it, and it alone may drop channels, but never where it is the only one.
    """
    widths = [checks.shape(f"block.{i}.conv.0.weight", (None,) * 4)[1] for i in range(blocks)]
    drops = [i for i in range(blocks - 1) if widths[i + 1] != widths[i]]
    attentions = [i for i in range(1, blocks + 1) if checks.has(f"attention.{i}.query.weight")]
    fits = [
        period
        for period in range(1, blocks + 1)
        if blocks % period == 0
        and all(i % period == 0 for i in attentions)
        and all(period > 1 and i % period == period - 1 for i in drops)
    ]
    return tuple(sorted(fits, key=lambda period: (period != USUAL, period)))


def _last_of(period: int, blocks: int) -> tuple[bool, ...]:
    return tuple(i % period == period - 1 for i in range(blocks))


def _or(numbers: tuple[int, ...]) -> str:
    return " or ".join(map(str, numbers))

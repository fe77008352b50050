"""How does a source become a `Generator`? It is fetched, opened, and claimed by one family."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sefa_core.checkpoint import LoadOptions, open_checkpoint
from sefa_core.errors import SefaError
from sefa_core.plugins import Families, installed

if TYPE_CHECKING:
    from sefa_core.generator import Generator


def load(
    source: str | os.PathLike[str],
    *,
    family: str | None = None,
    key: str | None = None,
    device: str | None = None,
    dtype: str = "float32",
    num_classes: int | None = None,
    geometry: str | None = None,
    families: Families | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Generator:
    """Open a GAN generator: a registry name, a path, a folder, `hf:org/repo/file@revision`, `pypi:...` or `https://...`.

    Reads the index of the file and no tensor; torch is imported when codes or pictures are first asked for.

    Args:
        source: Where the checkpoint is.
        family: Ask this family alone instead of all that are installed.
        key: Which network of the file to use, for example "g" instead of the averaged "g_ema".
        device: A torch device; by default the GPU if there is one, else the CPU.
        dtype: What convolutions are computed in: "float32", or "bfloat16", which is quicker where the processor
            multiplies it natively, and less exact. Codes and pictures are float32 in either.
        num_classes: Width of a label that the file appends to z, where shapes alone cannot tell.
        geometry: Convolution geometry where shapes cannot tell; the family's documentation says how it is written.
        families: The plugins to ask; by default all that are installed.
        progress: Called as `progress(what, done, total)` while something is downloaded.

    Raises:
        SefaError: The source cannot be had, is damaged, or is read by no installed family or by several.
    """
    from sefa_core.classes import guesses
    from sefa_core.device import check_dtype
    from sefa_core.generator import Generator
    from sefa_core.layers import select
    from sefa_core.sources import fetch

    check_dtype(dtype)
    fetched = fetch(source, progress=progress)
    known = fetched.model.geometry if fetched.model else None
    options = LoadOptions(key=key, num_classes=num_classes, geometry=geometry or known)
    checkpoint = open_checkpoint(fetched.path, options)
    asked = families or installed()
    weights = asked.claim(checkpoint, family)
    if family is None:
        fetched.check_family(weights.family)
    for option in ("num_classes", "geometry"):
        if getattr(options, option) is not None and option not in weights.options:
            raise SefaError(f"{fetched.name}: {option} has no effect on this {weights.family} checkpoint; leave it out")
    space = asked.latent_space(checkpoint, weights)
    select(weights.default, weights.layers, weights.groups)  # a family's own default is to be understood
    weights = replace(weights, notes=(*weights.notes, *guesses(space.class_names)))
    return Generator(checkpoint, weights, space, fetched, device=device, dtype=dtype, families=asked)

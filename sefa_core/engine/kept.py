"""What was finished before an interruption? Arrays in a folder, one for each shard, checked against what is asked."""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sefa_core.engine import Shard
from sefa_core.errors import SefaError
from sefa_core.files import cannot_write, printable

if TYPE_CHECKING:
    from sefa_core.generator import Generator

ASKED = "asked.txt"
"""The digest of the work and its shards."""


def kept_map(
    gan: Generator, work: Callable[[Generator, Shard], np.ndarray], shards: Sequence[Shard], folder: Path | None
) -> Iterator[np.ndarray]:
    """What `work` makes of every shard, by the generator's engine; what `folder` has from an earlier call is not made
    again. A folder of other work is emptied. `forget` it when what was made is safe."""
    if folder is None:
        yield from gan.engine.map(gan, work, shards)
        return
    try:
        finished = _begun(folder, _digest(gan, work, shards))
        fresh = gan.engine.map(gan, work, [shard for number, shard in enumerate(shards) if number not in finished])
        for number in range(len(shards)):
            path = folder / f"{number}.npy"
            if number in finished:
                yield np.load(path, allow_pickle=False)
                continue
            result = next(fresh)
            with path.with_suffix(".new").open("wb") as file:
                np.save(file, result, allow_pickle=False)
            path.with_suffix(".new").replace(path)
            yield result
    except OSError as problem:
        raise cannot_write(folder, problem) from problem


def forget(folder: Path) -> None:
    """Remove what `kept_map` keeps in `folder` and in folders of it, and nothing else."""
    ours = [folder, *(folder.iterdir() if folder.is_dir() else ())]
    for place in ours[::-1]:
        if (place / ASKED).is_file():
            shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()  # if nothing is in it


def _begun(folder: Path, digest: str) -> set[int]:
    """The shards that an earlier call of the same work has finished."""
    note = folder / ASKED
    if not note.is_file() or note.read_text(encoding="utf-8") != digest:
        forget(folder)
    if folder.exists() and not note.is_file() and any(folder.iterdir()):
        raise SefaError(f"{printable(folder)}: unfinished work is kept there, and it holds other files; move them")
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(digest, encoding="utf-8")
    return {int(path.stem) for path in folder.glob("*.npy") if path.stem.isdecimal()}


def _digest(gan: Generator, work: object, shards: Sequence[object]) -> str:
    """Of everything that decides about results; only ever compared, never read."""
    found = hashlib.sha256(f"{gan.fingerprint} {gan.dtype}".encode())
    for part in (work, *shards):
        stream = io.BytesIO()
        _Numbers(stream, protocol=5).dump(part)
        found.update(stream.getvalue())
    return found.hexdigest()


class _Numbers(pickle.Pickler):
    """Writes of a tensor its numbers alone: what torch writes beside them differs from process to process."""

    def reducer_override(self, value: Any) -> Any:
        """As the base class wants it: how `value` is written, or NotImplemented for the usual way."""
        import torch

        if isinstance(value, torch.Tensor):
            return str, (f"{tuple(value.shape)} {hashlib.sha256(value.numpy().tobytes()).hexdigest()}",)
        return NotImplemented

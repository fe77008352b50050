"""What does a direction pack look like on disk?

`directions.safetensors` holds `vectors` `(k, dim)` float32, `offsets.<i>` `(rows, dim)` float32 for each direction that
is more than one unit vector, and one `spectrum.<key>` `(dim,)` float64 for each factorization; `config.json` holds
everything else; `README.md` is the model card. The same pack gives the same bytes. docs/pack-format.md specifies it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sefa_core import checks
from sefa_core.checkpoint import Checkpoint, LoadOptions
from sefa_core.checkpoint.safetensors import open_safetensors
from sefa_core.checkpoint.source import MalformedError, Source
from sefa_core.checkpoint.writer import write_safetensors
from sefa_core.errors import SefaError
from sefa_core.files import printable, whole_folder
from sefa_core.pack import DirectionPack, Space, refuse_too_many
from sefa_core.pack.card import MOST_CHARACTERS, by_hand, card
from sefa_core.pack.config import CONFIG as CONFIG
from sefa_core.pack.config import DAMAGED, Fields, direction_of, model_of, read_config, rows_of, space_of, to_config
from sefa_core.pack.direction import UNIT

TENSORS = "directions.safetensors"
README = "README.md"
MOST_HEADER = 3 << 20
"""Bytes of the header's text; readers take little more."""


def save(pack: DirectionPack, folder: Path) -> Path:
    """Write the pack into `folder`, all files or none; see `DirectionPack.save_pretrained`.

    A README.md that a person wrote stays, and so do previews as long as the directions are those that they show.
    """
    arrays = to_arrays(pack)
    config = to_config(pack)
    header = {"format": "sefa-directions"}
    header |= {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    if len(json.dumps(header)) > MOST_HEADER:
        raise SefaError(
            f"{printable(folder)}: {len(pack)} directions with so much text are too many for one pack; save fewer"
        )
    shown = _previews(folder, arrays)
    former = _readme(folder)
    obsolete = () if shown else ("previews/[0-9]*.webp",)
    with whole_folder(folder, obsolete=obsolete) as temporary:
        write_safetensors(
            temporary / TENSORS,
            {name: (a.dtype.name, a.shape) for name, a in arrays.items()},
            arrays.__getitem__,
            header,
        )
        (temporary / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if not by_hand(former):
            (temporary / README).write_text(card(pack, pictures=shown, former=former), encoding="utf-8")
    return folder


def _previews(folder: Path, arrays: dict[str, np.ndarray]) -> set[int]:
    """The numbers of the directions that `folder` has a picture of; none when it holds the pictures of others."""
    found = {int(path.stem) for path in folder.glob("previews/[0-9]*.webp") if path.stem.isdecimal()}
    if not found or not (folder / TENSORS).is_file():
        return found
    try:
        before = _open(folder / TENSORS).tensors
        same = {name: before[name].shape for name in before} == {name: a.shape for name, a in arrays.items()} and all(
            np.array_equal(before.read(name), a) for name, a in arrays.items()
        )
    except SefaError:
        return set()
    return found if same else set()


def _readme(folder: Path) -> str:
    """The README.md that is there, or so much of it that it cannot be a card of ours."""
    try:
        if not (folder / README).is_file():
            return ""
        with (folder / README).open(encoding="utf-8", errors="replace") as file:
            return file.read(MOST_CHARACTERS + 1)
    except OSError as problem:
        raise SefaError(
            f"{printable(folder / README)}: cannot be read ({problem.strerror}); check the permissions"
        ) from problem


def to_arrays(pack: DirectionPack) -> dict[str, np.ndarray]:
    """The tensors of the pack by name."""
    arrays: dict[str, np.ndarray] = {"vectors": np.ascontiguousarray(pack.vectors)}  # (k, dim)
    for number, direction in enumerate(pack):
        if not direction.even or abs(np.linalg.norm(direction.vector.astype(np.float64)) - 1) > UNIT:
            arrays[f"offsets.{number}"] = np.ascontiguousarray(direction.offsets)  # (rows, dim)
    for key, values in pack.spectra.items():
        arrays[f"spectrum.{key}"] = np.ascontiguousarray(values)  # (dim,)
    return arrays


def load(folder: Path) -> DirectionPack:
    """Read the pack in `folder`; see `DirectionPack.from_pretrained`."""
    if not is_pack(folder):
        if folder.is_file():
            inside = is_pack(folder.parent)
            problem = "is a file inside a pack; give its folder" if inside else "is a file; a pack is a folder"
            raise SefaError(
                f"{printable(folder)}: {problem}"
                + (f", {printable(folder.parent)}" if inside else f" with {CONFIG} in it")
            )
        problem = "is not a direction pack" if folder.is_dir() else "no such folder"
        raise SefaError(
            f"{printable(folder)}: {problem}; a pack holds {CONFIG} and {TENSORS} "
            "(sefa factorize MODEL -o PACK makes one)"
        )
    config = read_config(folder / CONFIG)
    return _from_files(config, _open(folder / TENSORS), folder / CONFIG)


def is_pack(folder: Path) -> bool:
    """Whether the two files that make a pack are in `folder`."""
    return (folder / CONFIG).is_file() and (folder / TENSORS).is_file()


def _open(path: Path) -> Checkpoint:
    """The tensors of a safetensors file, and of no other container."""
    source = Source.of(path)
    try:
        return open_safetensors(source, LoadOptions())
    except MalformedError as problem:
        raise source.error(problem.problem, DAMAGED) from None


def _from_files(config: dict[str, Any], file: Checkpoint, path: Path) -> DirectionPack:
    fields = Fields(config, f"{printable(path)}: ")
    space, model = space_of(config, path), model_of(config, path)
    entries = fields.get("directions", list)
    preset, method = fields.get("preset", str), fields.get("method", str)
    previews, settings = fields.get("previews", dict, default={}), fields.get("settings", dict, default={})
    _expect(file, "vectors", "float32", (len(entries), space.dim), f"{CONFIG} names {len(entries)} directions")
    try:
        refuse_too_many(len(entries), space)
    except SefaError as problem:
        raise SefaError(f"{printable(path)}: {problem}; {DAMAGED}") from problem
    directions = []
    for number, (entry, vector) in enumerate(zip(entries, file.tensors.read("vectors"), strict=True)):
        offsets = _offsets(entry, number, vector, file, space, path)  # (rows, dim)
        directions.append(direction_of(entry, number, offsets, space, model, path))
    spectra = _spectra(file)
    try:
        return DirectionPack(
            tuple(directions),
            space,
            model,
            spectra,
            preset=preset,
            method=method,
            previews=previews,
            settings=settings,
        )
    except SefaError as problem:
        raise SefaError(f"{printable(path)}: {problem}; {DAMAGED}") from problem


def _offsets(entry: object, number: int, vector: np.ndarray, file: Checkpoint, space: Space, path: Path) -> np.ndarray:
    """What direction `number` adds to a code, `(rows, dim)`: its own tensor, else its vector in the rows it names."""
    rows = rows_of(entry, number, space, path)
    name = f"offsets.{number}"
    if name in file.tensors:
        _expect(file, name, "float32", (space.num_rows, space.dim), f"{CONFIG} says that the space is {space}")
        offsets = file.tensors.read(name)  # (rows, dim)
        moved = np.flatnonzero(offsets.any(axis=1)).tolist()
        if moved != sorted(rows):
            raise SefaError(
                f"{printable(file.path)}: tensor {name!r} moves rows {checks.shown(moved)}, directions[{number}].rows "
                f"in {CONFIG} are {checks.shown(rows)}; {DAMAGED}"
            )
        return offsets
    if not np.isfinite(vector).all() or not vector.any():
        what = "has length zero" if not vector.any() else "holds numbers that are not finite"
        raise SefaError(f"{printable(file.path)}: row {number} of tensor 'vectors' {what}; {DAMAGED}")
    offsets = np.zeros((space.num_rows, space.dim), np.float32)
    offsets[rows] = vector  # (rows, dim)
    return offsets


def _spectra(file: Checkpoint) -> dict[str, np.ndarray]:
    """The spectra by key."""
    found = {}
    for name in file.tensors:
        if name.startswith("spectrum."):
            if file.tensors[name].dtype != "float64":
                raise SefaError(
                    f"{printable(file.path)}: tensor {name!r} is {file.tensors[name].dtype}, not float64; {DAMAGED}"
                )
            values = file.tensors.read(name)  # (dim,)
            if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
                raise SefaError(f"{printable(file.path)}: tensor {name!r} is no list of finite numbers; {DAMAGED}")
            found[name.removeprefix("spectrum.")] = values
    return found


def _expect(file: Checkpoint, name: str, dtype: str, shape: tuple[int, ...], why: str) -> None:
    """Raise `SefaError` unless the tensor is there, of this type and shape."""
    if name not in file.tensors:
        raise SefaError(f"{printable(file.path)}: there is no tensor {name!r}; {DAMAGED}")
    info = file.tensors[name]
    if info.shape != shape:
        raise SefaError(
            f"{printable(file.path)}: tensor {name!r} has shape {info.shape}, not {shape} as {why}; the two files do "
            "not belong together, fetch or make the pack again"
        )
    if info.dtype != dtype:
        raise SefaError(f"{printable(file.path)}: tensor {name!r} is {info.dtype}, not {dtype}; {DAMAGED}")

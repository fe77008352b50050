"""What does a direction pack look like on disk?

`directions.safetensors` holds `vectors` `(k, dim)` float32 and one `spectrum.<selection>` `(dim,)` float64 for each
factorization; `config.json` holds everything else; `README.md` is the model card. The same pack gives the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sefa_core import __version__
from sefa_core.card import card
from sefa_core.checkpoint import Checkpoint, open_checkpoint
from sefa_core.checkpoint.writer import write_safetensors
from sefa_core.errors import SefaError
from sefa_core.files import whole_folder
from sefa_core.pack import Direction, DirectionPack, ModelInfo, Space

FORMAT_VERSION = 1
TENSORS = "directions.safetensors"
CONFIG = "config.json"
MOST_BYTES = 16 << 20
"""A config.json beyond this is not one."""


def save(pack: DirectionPack, folder: Path) -> Path:
    """Write the pack into `folder`, all files or none; see `DirectionPack.save_pretrained`."""
    arrays: dict[str, np.ndarray] = {"vectors": np.ascontiguousarray(pack.vectors, dtype=np.float32)}  # (k, dim)
    for selection, values in pack.spectra.items():
        arrays[f"spectrum.{selection}"] = np.ascontiguousarray(values, dtype=np.float64)  # (dim,)
    config = to_config(pack)
    header = {"format": "sefa-directions"}
    header |= {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    with whole_folder(folder) as temporary:
        write_safetensors(
            temporary / TENSORS,
            {name: (a.dtype.name, a.shape) for name, a in arrays.items()},
            arrays.__getitem__,
            header,
        )
        (temporary / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (temporary / "README.md").write_text(card(pack), encoding="utf-8")
    return folder


def to_config(pack: DirectionPack) -> dict[str, Any]:
    """Everything about the pack that is not an array, as JSON values."""
    return {
        "format_version": FORMAT_VERSION,
        "family": pack.space.family,
        "latent_space": pack.space.name,
        "dim": pack.space.dim,
        "num_rows": pack.space.num_rows,
        "preset": pack.preset,
        "method": pack.method,
        "model": dict(vars(pack.model)),
        "directions": [
            {
                "name": direction.name,
                "layers": list(direction.layers),
                "rows": list(direction.rows),
                "selection": direction.selection,
                "eigenvalue": direction.eigenvalue,
                "range": None if direction.range is None else list(direction.range),
                "unit": direction.unit,
                "description": direction.description,
            }
            for direction in pack
        ],
        "previews": dict(pack.previews),
        "tool": f"sefa-core {__version__}",
    }


def load(folder: Path) -> DirectionPack:
    """Read the pack in `folder`; see `DirectionPack.from_pretrained`."""
    if not (folder / CONFIG).is_file() or not (folder / TENSORS).is_file():
        problem = "is not a direction pack" if folder.is_dir() else "no such folder"
        raise SefaError(
            f"{folder}: {problem}; a pack holds {CONFIG} and {TENSORS} (sefa factorize MODEL -o PACK makes one)"
        )
    config = _read_config(folder / CONFIG)
    try:
        return _from_config(config, open_checkpoint(folder / TENSORS), folder)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        what = f"{CONFIG} lacks {problem}" if isinstance(problem, KeyError) else f"{CONFIG} is malformed ({problem})"
        raise SefaError(f"{folder}: {what}; the pack is damaged, fetch or make it again") from problem


def _read_config(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SefaError(
                f"{path}: too large for a pack's configuration; the pack is damaged, fetch or make it again"
            )
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise SefaError(
            f"{path}: cannot be read as JSON ({problem}); the pack is damaged, fetch or make it again"
        ) from problem
    if not isinstance(config, dict):
        raise SefaError(f"{path}: holds no JSON object; the pack is damaged, fetch or make it again")
    version = config.get("format_version")
    if version != FORMAT_VERSION:
        raise SefaError(
            f"{path}: format version {version!r} is unknown, sefa-core {__version__} reads {FORMAT_VERSION}; "
            "upgrade sefa-core"
        )
    return config


def _from_config(config: dict[str, Any], file: Checkpoint, folder: Path) -> DirectionPack:
    space = Space(config["family"], config["latent_space"], int(config["dim"]), int(config["num_rows"]))
    entries = config["directions"]
    if "vectors" not in file.tensors or file.tensors.shape("vectors") != (len(entries), space.dim):
        have = file.tensors.shape("vectors") if "vectors" in file.tensors else "none"
        raise SefaError(
            f"{folder}: tensor 'vectors' has shape {have}, {CONFIG} names {len(entries)} directions {space.dim} wide; "
            "the two files do not belong together, fetch or make the pack again"
        )
    vectors = file.tensors.read("vectors")  # (k, dim)
    known = {name: config["model"].get(name) for name in ModelInfo.__dataclass_fields__}
    model = ModelInfo(**{**known, "source": known["source"] or ""})
    directions = tuple(_direction(entry, vector, space, model) for entry, vector in zip(entries, vectors, strict=True))
    spectra = {
        name.removeprefix("spectrum."): np.asarray(file.tensors.read(name), dtype=np.float64)  # (dim,)
        for name in file.tensors
        if name.startswith("spectrum.")
    }
    order = list(dict.fromkeys(direction.selection for direction in directions if direction.selection in spectra))
    spectra = {name: spectra[name] for name in dict.fromkeys([*order, *spectra])}
    return DirectionPack(
        directions, space, model, spectra, preset=config["preset"], method=config["method"], previews=config["previews"]
    )


def _direction(entry: dict[str, Any], vector: np.ndarray, space: Space, model: ModelInfo) -> Direction:
    rows = [int(row) for row in entry["rows"]]
    if any(not 0 <= row < space.num_rows for row in rows) or not np.isfinite(vector).all():
        raise ValueError(
            f"direction {entry['name']!r} names rows {rows} of {space.num_rows} or holds no finite numbers"
        )
    offsets = np.zeros((space.num_rows, space.dim), np.float32)
    offsets[rows] = vector  # (rows, dim)
    ends = entry["range"]
    return Direction(
        offsets,
        space,
        tuple(int(layer) for layer in entry["layers"]),
        name=str(entry["name"]),
        eigenvalue=None if entry["eigenvalue"] is None else float(entry["eigenvalue"]),
        range=None if ends is None else (float(ends[0]), float(ends[1])),
        unit=str(entry["unit"]),
        description=str(entry["description"]),
        selection=str(entry["selection"]),
        fingerprint=model.fingerprint,
    )

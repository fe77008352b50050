"""Which file of a folder holds the generator, and which settings lie beside it?

Folders of the Hugging Face Hub (`config.json` with one file of weights, or several and an index), BigGAN's folders of
weights (`G_ema.pth` with `state_dict.pth` for the settings), and any folder in which only one file is a checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions, key_hint
from sefa_core.checkpoint.ranking import rank_of
from sefa_core.checkpoint.source import shown
from sefa_core.checkpoint.state import StateDict, TensorInfo
from sefa_core.checkpoint.tree import Scalar
from sefa_core.errors import SefaError

if TYPE_CHECKING:
    import numpy as np

Open = Callable[[Path, LoadOptions], Checkpoint]

_WEIGHTS = ("model.safetensors", "pytorch_model.safetensors", "pytorch_model.bin")
_SETTINGS = "config.json"
_HIDDEN_SETTINGS = ".config.json"
_INDEX = ".index.json"
_NEVER = (".json", ".md", ".txt", ".yaml", ".png", ".jpg")
_ALWAYS = (".safetensors", ".bin", ".pt", ".pth", ".pkl", ".ckpt", ".npz")
_MAX_FILES = 1000
_MAX_SHARDS = 256
_MAX_SETTINGS_FILES = 4
_MAX_JSON = 4 << 20  # parsed it takes up to 40 times as much
_MAX_SETTINGS = 20_000
_MAX_DEPTH = 8


def open_folder(folder: Path, options: LoadOptions, open_file: Open) -> Checkpoint:
    """The checkpoint in a folder, with the settings beside it under "config." in its values."""
    try:
        files = sorted(path for path in folder.iterdir() if _counts(path) and path.is_file())
    except OSError as error:
        raise SefaError(f"{shown(folder, 500)}: {shown(error.strerror)}; check the permissions") from None
    if len(files) > _MAX_FILES:
        raise SefaError(
            f"{shown(folder, 500)}: the folder holds {len(files)} files that may be checkpoints; give the path of one"
        )
    index = next((path for path in files if path.name.endswith(_INDEX)), None)
    if index is not None:
        return with_settings(_sharded(index, options, open_file), folder / _SETTINGS)
    found = _Found()
    for path in files:
        found.look_at(path, open_file)
    best = sorted([*found.weights, *found.broken], key=_preference)
    if not best:
        raise SefaError(f"{shown(folder, 500)}: the folder holds no checkpoint; give the path of a file")
    if best[0] in found.broken:  # rather than another file that happens to be whole, such as the raw generator
        raise found.broken[best[0]]
    if len(best) > 1 and _preference(best[0]) == _preference(best[1]):
        names = ", ".join(shown(path.name) for path in best[:8])
        raise SefaError(f"{shown(folder, 500)}: the folder holds {len(best)} checkpoints; give one of {names}")
    chosen = with_settings(open_file(best[0], options), folder / _SETTINGS)
    chosen = with_settings(chosen, folder / _HIDDEN_SETTINGS)
    values = {name: value for settings in found.settings.values() for name, value in settings.items()}
    others = sorted(path.name for path in [*best[1:], *found.settings])
    return replace(chosen, values={**values, **chosen.values}, skipped=(*chosen.skipped, *others))


def _counts(path: Path) -> bool:
    """Whether a file of this name can belong to a checkpoint; training folders hold pictures by the thousand."""
    return path.suffix not in _NEVER or path.name.endswith(_INDEX)


@dataclass
class _Found:
    """What the files of a folder turned out to be; no index is kept, there may be hundreds of them."""

    weights: list[Path] = field(default_factory=list)
    settings: dict[Path, Mapping[str, Scalar]] = field(default_factory=dict)
    """Of a training run, saved in a file of their own."""
    broken: dict[Path, SefaError] = field(default_factory=dict)
    """Files that should be weights, by their names, and cannot be read."""

    def look_at(self, path: Path, open_file: Open) -> None:
        try:
            checkpoint = open_file(path, LoadOptions())
        except SefaError as error:
            if path.suffix in _ALWAYS:
                self.broken[path] = error
        else:
            if checkpoint.tensors:
                self.weights.append(path)
            elif len(self.settings) < _MAX_SETTINGS_FILES:
                self.settings[path] = checkpoint.values


def settings_beside(path: Path) -> Path | None:
    """The file of settings that some programs keep beside their weights."""
    hidden = path.with_name(_HIDDEN_SETTINGS)
    if hidden.is_file():
        return hidden
    plain = path.with_name(_SETTINGS)
    return plain if path.name in _WEIGHTS and plain.is_file() else None


def with_settings(checkpoint: Checkpoint, path: Path) -> Checkpoint:
    """`checkpoint` with the plain settings of a JSON file, under "config."."""
    if not path.is_file():
        return checkpoint
    settings: dict[str, Scalar] = {}
    _flatten(_json(path), "config", settings, 0)
    return replace(checkpoint, values={**checkpoint.values, **settings})


def _preference(path: Path) -> tuple[int, int]:
    if path.name in _WEIGHTS:
        return (0, _WEIGHTS.index(path.name))
    return (1, rank_of(path.stem))


def _sharded(index: Path, options: LoadOptions, open_file: Open) -> Checkpoint:
    """Weights in several files; the index says which tensor is in which."""
    content = _json(index)
    placed = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(placed, dict) or not placed:
        raise SefaError(f"{shown(index, 500)}: names no tensors; download the folder again")
    names = {name: str(file) for name, file in placed.items()}
    shards: dict[str, Checkpoint] = {}
    for file in sorted(set(names.values())):
        if Path(file).name != file or len(shards) >= _MAX_SHARDS:
            raise SefaError(
                f"{shown(index, 500)}: names {shown(file)}, which is not beside it; download the folder again"
            )
        shards[file] = open_file(index.with_name(file), LoadOptions())
    tensors: dict[str, TensorInfo] = {}
    for name, file in names.items():
        if name not in shards[file].tensors:
            raise SefaError(f"{shown(index, 500)}: {shown(file)} lacks {shown(name)}; download the folder again")
        tensors[name] = shards[file].tensors[name]

    def read(name: str) -> np.ndarray:
        return shards[names[name]].tensors.read(name)

    if options.key and not any(name.startswith(f"{options.key}.") for name in tensors):
        there = key_hint(("",), tensors)
        raise SefaError(f"{shown(index, 500)}: it has no network {shown(options.key)!r}; {there}")
    first = shards[min(shards)]
    size = sum(shard.size for shard in shards.values())
    return replace(first, size=size, options=options, tensors=StateDict(tensors, read), networks=(options.key or "",))


def _json(path: Path) -> object:
    try:
        if path.stat().st_size > _MAX_JSON:
            raise SefaError(f"{shown(path, 500)}: too large for settings; download the folder again")
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, MemoryError):
        raise SefaError(f"{shown(path, 500)}: cannot be read as JSON; download the folder again") from None


def _flatten(value: object, path: str, into: dict[str, Scalar], depth: int) -> None:
    if isinstance(value, dict | list) and depth < _MAX_DEPTH:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            _flatten(item, f"{path}.{key}", into, depth + 1)
    elif isinstance(value, Scalar) and len(into) < _MAX_SETTINGS:
        into[path] = value

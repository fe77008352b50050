"""What does an interrupted search go on from? A safetensors file of all it has reached, compared with the call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sefa_core.checkpoint import open_checkpoint
from sefa_core.checkpoint.writer import write_safetensors
from sefa_core.errors import SefaError
from sefa_core.files import printable
from sefa_core.invert.descent import Descent

if TYPE_CHECKING:
    from sefa_core.invert.search import Search

FORMAT = "sefa-search"
_NUMBERS = ("value", "length", "low", "high", "tries", "ended")
_TENSORS = ("point", "slope", "line")
_LISTS = ("moves", "turns")


class Partial:
    """The state of a search in a file, from which the same search goes on. Without a path nothing is kept."""

    def __init__(
        self,
        path: Path | None,
        fingerprint: str,
        target: torch.Tensor,
        settings: Mapping[str, object],
        *,
        fresh: bool = False,
    ) -> None:
        self._path, self._fresh, self._device = path, fresh, target.device
        picture = hashlib.sha256(np.ascontiguousarray(target.cpu().numpy()).tobytes()).hexdigest()
        self._settings = {"model": fingerprint, "picture": picture, **settings}

    def load(self) -> Search | None:
        """What an earlier run of the same search has reached, or None."""
        if self._path is not None and self._path.is_dir():
            raise SefaError(f"{printable(self._path)}: is a folder, where an unfinished search belongs; move it")
        if self._path is None or self._fresh or not self._path.exists():
            return None
        try:
            file = open_checkpoint(self._path)
            told: dict[str, Any] = json.loads(file.metadata["search"])
            other = sorted(key for key in self._settings if told["settings"].get(key) != self._settings[key])
            search = self._search(told, {name: torch.from_numpy(file.tensors.read(name)) for name in file.tensors})
        except (SefaError, KeyError, ValueError, TypeError, AttributeError, IndexError) as problem:
            raise SefaError(
                f"{printable(self._path)}: is no unfinished search ({problem}); remove it, or begin afresh (--fresh)"
            ) from problem
        if other:
            raise SefaError(
                f"{printable(self._path)}: an unfinished search with another {', '.join(other)}; finish that one, "
                "choose another -o, or begin afresh (--fresh)"
            )
        return search

    def save(self, search: Search) -> None:
        """Keep the state; the file is whole at any moment."""
        if self._path is None:
            return
        tensors: dict[str, np.ndarray] = {}
        for number, descent in enumerate(search.descents):
            for name in _TENSORS:
                if (tensor := getattr(descent, name)) is not None:
                    tensors[f"{number}.{name}"] = tensor.cpu().numpy()
            for name in _LISTS:
                if entries := getattr(descent, name):
                    tensors[f"{number}.{name}"] = torch.stack(entries).cpu().numpy()  # (h, m)
        if search.labels is not None:
            tensors["labels"] = search.labels.cpu().numpy()
        told = {
            "settings": self._settings,
            "search": {name: getattr(search, name) for name in ("step", "chosen", "mark_step", "mark")},
            "descents": [{name: getattr(descent, name) for name in _NUMBERS} for descent in search.descents],
        }
        shapes = {name: (str(array.dtype), array.shape) for name, array in tensors.items()}
        header = {"format": FORMAT, "search": json.dumps(told)}
        write_safetensors(self._path, shapes, lambda name: tensors[name], header)

    def _search(self, told: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Search:
        from sefa_core.invert.search import Search

        here = {name: tensor.to(self._device) for name, tensor in tensors.items()}
        descents = [
            Descent(
                **{name: here.get(f"{number}.{name}") for name in _TENSORS},  # type: ignore[arg-type]
                **{name: list(here.get(f"{number}.{name}", ())) for name in _LISTS},  # type: ignore[arg-type]
                **numbers,
            )
            for number, numbers in enumerate(told["descents"])
        ]
        return Search(descents, here.get("labels"), **told["search"])

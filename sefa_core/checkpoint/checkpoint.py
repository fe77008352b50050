"""A file of weights, indexed: its tensors by name, its networks best first, its plain settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.checkpoint.ranking import best_first, choices
from sefa_core.checkpoint.source import MalformedError, Source, shown
from sefa_core.checkpoint.state import StateDict
from sefa_core.checkpoint.tree import Scalar, Tree

if TYPE_CHECKING:
    import numpy as np

_LISTED = 12


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """What a user can say about a file that the file does not say itself."""

    key: str | None = None
    """Which network of the file to use: its dotted path, for example "g_ema"."""
    num_classes: int | None = None
    """Width of the one-hot label that is appended to z."""
    geometry: str | None = None
    """The geometry of the convolutions, where the shapes of the weights cannot tell."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What `open_checkpoint` returns. Nothing of a tensor has been read until `tensors.read(name)`."""

    path: Path
    container: str
    """How the file is laid out; of a folder, the file with the weights.

    "safetensors"; "torch-zip" and "torch-legacy", what torch.save writes; "npz"; and of pickles that something else
    wrote "nvidia-pickle" (networks that carry their source text), "tf-pickle" (networks of TensorFlow),
    "module-pickle" (torch modules by the names of their classes) and "pickle" (tensors without networks).
    """
    size: int
    """Length of the file in bytes."""
    options: LoadOptions
    tensors: StateDict = field(repr=False)
    """Every tensor of the file under its dotted path; items of lists by their index."""
    networks: tuple[str, ...]
    """Paths of what directly holds tensors, the likeliest generator first; "" is the top level."""
    values: Mapping[str, Scalar] = field(default_factory=dict, repr=False)
    """Plain numbers and texts of the file by dotted path, entries of short lists by their index: training arguments,
    attributes of pickled networks ("G_ema.synthesis.b4.architecture", with the class as "G_ema.class_name"), under
    "config." those of a JSON file beside the weights. None is absent. At most 20 000 of each part of the file."""
    skipped: tuple[str, ...] = field(default=(), repr=False)
    """Paths of objects of foreign classes and names of other files of a folder, which were left out."""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The free-form header of a safetensors file."""

    def network(self, name: str) -> StateDict:
        """The tensors below `name`, which is taken off their names; "" gives all."""
        return self.tensors.under(f"{name}.") if name else self.tensors


def make_checkpoint(
    source: Source, container: str, options: LoadOptions, tree: Tree, metadata: Mapping[str, str] | None = None
) -> Checkpoint:
    """Put a checkpoint together from what one of the container readers found."""

    def read(name: str) -> np.ndarray:
        try:
            return tree.tensors[name].read()
        except MalformedError as error:
            raise source.error(f"tensor {shown(name)}: {error.problem}", error.remedy) from None

    if not tree.tensors and not tree.values:
        others = f", only {len(tree.skipped)} objects of foreign classes" if tree.skipped else ""
        raise MalformedError(f"it holds no tensors{others}", "give the file that the generator's weights were saved to")
    tensors = StateDict({name: tensor.info for name, tensor in tree.tensors.items()}, read)
    networks = best_first(tree.holders)
    if options.key is not None:
        if options.key and not any(name.startswith(f"{options.key}.") for name in tensors):
            raise MalformedError(f"it has no network {shown(options.key)!r}", key_hint(networks, tensors))
        networks = (options.key,)
    return Checkpoint(
        path=source.path,
        container=container,
        size=source.size,
        options=options,
        tensors=tensors,
        networks=networks,
        values=tree.values,
        skipped=tuple(tree.skipped),
        metadata=metadata or {},
    )


def key_hint(networks: Sequence[str], tensors: Iterable[str]) -> str:
    """What to do about a `--key` that names nothing."""
    names = [repr(shown(name)) for name in choices(networks, tensors) if name]
    if not names:
        return "leave --key out, it has one network"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"choose one of {', '.join(names[:_LISTED])}{more}, or leave --key out"

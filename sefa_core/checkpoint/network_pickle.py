"""Reads pickles of whole networks: torch modules with their source text, or by class name, and TensorFlow networks."""

from __future__ import annotations

from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions, make_checkpoint
from sefa_core.checkpoint.networks import is_persistent, is_tensorflow, state_of
from sefa_core.checkpoint.source import MalformedError, Source
from sefa_core.checkpoint.tree import walk
from sefa_core.checkpoint.unpickler import Unpickler

_TRIPLE = ("G", "D", "Gs")  # what TensorFlow pickles hold: raw generator, discriminator, averaged generator


def open_network_pickle(source: Source, options: LoadOptions) -> Checkpoint:
    """Index a plain pickle. Embedded source text is not even decoded; tensors stay in the file."""
    value = _named(Unpickler(source).load())
    tree = walk(value)
    if not tree.holders:
        raise MalformedError(
            "a pickle of Python objects without a network in it", "save the generator's state_dict() with torch.save"
        )
    return make_checkpoint(source, _container(value), options, tree)


def _named(value: object) -> object:
    """TensorFlow networks in a row under their names: three by their places, others by what each says it is called."""
    if not isinstance(value, (tuple, list)) or not value or not all(is_tensorflow(item) for item in value):
        return value
    names = _TRIPLE if len(value) == len(_TRIPLE) else [(state_of(item) or {}).get("name") for item in value]
    unique = len({name for name in names if isinstance(name, str) and name}) == len(value)
    return dict(zip(names, value, strict=True)) if unique else value


def _container(value: object) -> str:
    networks = list(value.values()) if isinstance(value, dict) else [value]
    if any(is_tensorflow(network) for network in networks):
        return "tf-pickle"
    if any(is_persistent(network) for network in networks):
        return "nvidia-pickle"
    return "module-pickle" if any(state_of(network) is not None for network in networks) else "pickle"

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
    value = Unpickler(source).load()
    tree = walk(value)  # first, because it says what is wrong with a hostile file
    if isinstance(value, tuple) and len(value) == len(_TRIPLE) and all(is_tensorflow(item) for item in value):
        value = dict(zip(_TRIPLE, value, strict=True))
        tree = walk(value)
    if not tree.holders:
        raise MalformedError(
            "a pickle of Python objects without a network in it", "save the generator's state_dict() with torch.save"
        )
    return make_checkpoint(source, _container(value), options, tree)


def _container(value: object) -> str:
    networks = list(value.values()) if isinstance(value, dict) else [value]
    if any(is_tensorflow(network) for network in networks):
        return "tensorflow-pickle"
    if any(is_persistent(network) or state_of(network) is not None for network in networks):
        return "network-pickle"
    return "pickle"

"""What is inside a network that was pickled as an object? Its tensors, named as in a state dict, and its settings.

Three kinds occur: torch modules pickled by class, modules that carry their own source text (which nobody reads), and
networks of TensorFlow pickles. All are inert placeholders here; this file only knows where each keeps its parts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from sefa_core.checkpoint.dtypes import BY_NAME
from sefa_core.checkpoint.standins import Foreign
from sefa_core.checkpoint.tensors import Storage, Tensor, view

PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
TENSORFLOW = ("dnnlib.tflib.network.Network", "tfutil.Network")

Part = tuple[str, object]

_MAX_PASSING = 64  # buffers that a module does not save
_BORING = {"training", "dump_patches", "call_super_init"}


@dataclass(frozen=True, eq=False, slots=True)
class Attribute:
    """A plain attribute: its settings count, while tensors, functions and objects in it are no part of the network."""

    value: object


def parts(value: object) -> Iterator[Part] | None:
    """Named parts of a pickled network: tensors, networks inside it, settings. None when `value` is no network.

    What is left out comes as None, so that whoever counts the parts counts the work.
    """
    state = state_of(value)
    if state is None:
        return None
    if is_tensorflow(value):
        return _tensorflow_parts(state)
    return _module_parts(state, _class_name(value))


def state_of(value: object) -> dict[object, object] | None:
    """The attributes of a pickled network; None when `value` is no network."""
    if not isinstance(value, Foreign):
        return None
    state = value.state
    if value.cls.name == PERSISTENT and len(value.args) == 1 and isinstance(value.args[0], dict):
        state = value.args[0].get("state")
    if not isinstance(state, dict):
        return None
    known = "variables" if is_tensorflow(value) else "_modules"
    return state if known in state else None


def is_tensorflow(value: object) -> bool:
    return isinstance(value, Foreign) and value.cls.name in TENSORFLOW


def is_persistent(value: object) -> bool:
    return isinstance(value, Foreign) and value.cls.name == PERSISTENT


def _class_name(value: object) -> object:
    if isinstance(value, Foreign) and value.args and isinstance(value.args[0], dict):
        return value.args[0].get("class_name")
    return value.cls.name if isinstance(value, Foreign) else None


def _module_parts(state: dict[object, object], class_name: object) -> Iterator[Part]:
    """In the order of a state dict: parameters, buffers, modules; then plain attributes."""
    passing = state.get("_non_persistent_buffers_set")
    left_out = passing if isinstance(passing, list) and len(passing) <= _MAX_PASSING else []
    for name, tensor in _items(state.get("_parameters")):
        yield name, tensor if isinstance(tensor, Tensor) else None
    for name, tensor in _items(state.get("_buffers")):
        yield name, tensor if isinstance(tensor, Tensor) and name not in left_out else None
    yield from _items(state.get("_modules"))
    yield "class_name", class_name
    for name, value in _items(state):
        if name == "_init_kwargs":
            yield "init_kwargs", Attribute(value)
        else:
            yield name, None if name.startswith("_") or name in _BORING else Attribute(value)


def _tensorflow_parts(state: dict[object, object]) -> Iterator[Part]:
    """Variables under the names that TensorFlow knows them by; then the networks inside and the settings."""
    variables = state.get("variables")
    for pair in variables if isinstance(variables, list) else []:
        is_pair = isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)
        yield (pair[0], _as_tensor(pair[1])) if is_pair else ("", None)
    yield from _items(state.get("components"))
    for name in ("static_kwargs", "version", "name", "build_func_name"):
        yield name, Attribute(state.get(name))


def _as_tensor(value: object) -> object:
    """A variable that is a single number was pickled as one; it is a tensor without axes all the same."""
    if isinstance(value, float):
        return view(Storage("", BY_NAME["float32"], 1, struct.pack("<f", value)), 0, ())
    return value


def _items(mapping: object) -> Iterator[Part]:
    if isinstance(mapping, Foreign):
        mapping = mapping.items
    if isinstance(mapping, dict):
        for name, value in mapping.items():
            yield (name, value) if isinstance(name, str) else ("", None)

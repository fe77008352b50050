"""What a pickle gets instead of the classes and functions it names: inert values that only record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sefa_core.checkpoint.dtypes import DType
from sefa_core.checkpoint.source import Source

_SAFE_INT = 2**60  # integers up to here hash to themselves, so no file can make a dictionary slow


@dataclass(frozen=True)
class Function:
    """A function or class that a file may call; `call` is ours, and checks what it is given."""

    name: str
    call: Callable[..., object]


@dataclass(frozen=True)
class StorageType:
    """A storage class of torch, `torch.FloatStorage` for example."""

    dtype: DType


@dataclass(frozen=True, slots=True)
class ForeignClass:
    """A class that is known to occur in checkpoints and is never imported."""

    name: str
    transparent: bool
    """Whether its attributes are plain settings that are worth showing."""
    known: bool = True
    """Whether it is on our list; others may only be made as objects, never called as functions."""


@dataclass(eq=False, slots=True)
class Foreign:
    """What a file made of a foreign class: the arguments, items and state that it handed over, untouched."""

    cls: ForeignClass
    args: tuple[object, ...] = ()
    items: dict[object, object] = field(default_factory=dict)
    elements: list[object] = field(default_factory=list)
    state: object = None


@dataclass(frozen=True)
class Span:
    """A long byte string (or text) of a pickle, left in the file."""

    data: Source
    text: bool


class OtherKey:
    """Stands for a dictionary key that is not text or a small number, so that nothing hostile is ever hashed."""

    __slots__ = ()


def safe_key(value: object) -> object:
    """`value` if it is cheap to hash, whatever a file says; a unique stand-in otherwise."""
    if isinstance(value, (str, bytes)) or value is None:
        return value
    if isinstance(value, int) and -_SAFE_INT < value < _SAFE_INT:
        return value
    return OtherKey()

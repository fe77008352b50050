"""From the value of a pickle to dotted names: tensors, plain settings, and what was left out as foreign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from sefa_core.checkpoint.networks import Attribute, parts, state_of
from sefa_core.checkpoint.source import MalformedError, shown
from sefa_core.checkpoint.standins import Foreign
from sefa_core.checkpoint.tensors import Tensor

Scalar = bool | int | float | str

_MAX_DEPTH = 64
_MAX_VISITS = 200_000  # shared objects count each time: a few hundred bytes can describe 10**40 of them
_MAX_NAME = 600
_MAX_NAMES = 20 * 2**20  # characters of all paths together
_MAX_VALUES = 20_000  # of each part of the file, so that a large discriminator leaves room for the generator
_MAX_LIST = 64  # names of layers and the like; longer lists are data
_MAX_VALUE_TEXT = 500


@dataclass
class Tree:
    """The named contents of a file, in file order."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    holders: list[str] = field(default_factory=list)
    """Paths of mappings and lists that directly hold tensors, without the states of optimisers."""
    values: dict[str, Scalar] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


def walk(root: object) -> Tree:
    """Name everything below `root`; bounded, whatever is shared or refers to itself."""
    tree = Tree()
    # Depth first without recursion: (path, depth, what it is inside of, value).
    pending: list[tuple[str, int, str, object]] = [("", 0, "", root)]
    children_of: dict[int, list[tuple[str, object]]] = {}  # each container is searched once, however often shared
    visits, named = 0, 0
    counts: Counter[str] = Counter()
    while pending:
        path, depth, inside, value = pending.pop()
        if isinstance(value, Attribute):
            value, inside = value.value, "attribute"
        if inside == "attribute" and _is_no_setting(value, depth):
            continue
        if isinstance(value, Tensor):
            if path in tree.tensors:
                raise MalformedError(f"two tensors are called {shown(path)}")
            tree.tensors[path] = value
        elif isinstance(value, Foreign) and not value.cls.transparent and state_of(value) is None:
            tree.skipped.append(path)
        elif isinstance(value, Scalar):
            short = not isinstance(value, str) or len(value) <= _MAX_VALUE_TEXT
            part = path.partition(".")[0]
            if short and inside != "optimiser" and counts[part] < _MAX_VALUES:
                counts[part] += 1
                tree.values[path] = value
        else:
            if depth > _MAX_DEPTH:
                raise MalformedError(f"its contents are nested more than {_MAX_DEPTH} deep or contain themselves")
            if id(value) not in children_of:
                children_of[id(value)] = list(islice(_children(value), _MAX_VISITS + 1))
            children = children_of[id(value)]
            visits += len(children)
            if visits > _MAX_VISITS:
                raise _too_much()
            if not inside and {"state", "param_groups"} <= {key for key, _ in children}:
                inside = "optimiser"
            if not inside and (state_of(value) is not None or any(isinstance(child, Tensor) for _, child in children)):
                tree.holders.append(path)
            if state_of(value) is not None:
                inside = inside or "network"  # the modules inside are not networks of their own
            for key, child in reversed(children):
                if child is not None and (key.isprintable() or not isinstance(child, Scalar)):
                    name = join(path, key)
                    named += len(name)
                    if named > _MAX_NAMES:
                        raise _too_much()
                    pending.append((name, depth + 1, inside, child))
    return tree


def _too_much() -> MalformedError:
    return MalformedError(
        f"its contents expand to more than {_MAX_VISITS} objects", "save only the generator's state dict"
    )


def _is_no_setting(value: object, depth: int) -> bool:
    return isinstance(value, Tensor) or depth > _MAX_DEPTH or (isinstance(value, Foreign) and not value.cls.transparent)


def _children(value: object) -> Iterator[tuple[str, object]]:
    """The named parts of a container that can lead to tensors or settings.

    Objects may share what they hold, so that their parts are all counted; what is left out of those comes as None.
    """
    named = parts(value)
    if named is not None:
        yield from named
    elif isinstance(value, Foreign):
        for attributes in (value.items, value.state):
            for key, child in attributes.items() if isinstance(attributes, dict) else ():
                yield (str(key), child) if isinstance(key, (str, int)) else ("", None)
    elif isinstance(value, dict):
        for key, child in value.items():
            if isinstance(key, (str, int)):
                yield str(key), child
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            if len(value) <= _MAX_LIST or isinstance(child, (Tensor, Foreign, dict, list, tuple)):
                yield str(index), child


def join(path: str, key: str) -> str:
    """The dotted path of `key` below `path`; every name that a file brings passes through here."""
    name = f"{path}.{key}" if path else key
    if len(name) > _MAX_NAME or not name.isprintable():
        raise MalformedError(f"it holds something called {shown(name)}, which is too long or not printable")
    return name

"""Which objects a pickle may name, and what it gets instead of each: the allow-list. Anything else is refused."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping

from sefa_core.checkpoint.arrays import array, array_type, empty_array, scalar
from sefa_core.checkpoint.dtypes import BY_NAME, BY_STORAGE, DType
from sefa_core.checkpoint.foreign import DILL_TYPES, foreign_class
from sefa_core.checkpoint.source import MalformedError, shown
from sefa_core.checkpoint.standins import Foreign, ForeignClass, Function, Span, StorageType, safe_key
from sefa_core.checkpoint.tensors import Storage, Tensor, view

# Python 2 and newer numpy have other names for the same modules.
_STANDARD = sys.stdlib_module_names | {"__builtin__", "posix", "nt", "numpy", "torch", ""}
_MAX_NAME = 1000
_MAX_ARGS = 10  # of what makes a tensor
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg", "numpy._core": "numpy.core"}


@functools.lru_cache(maxsize=1024)
def find_global(module: str, name: str) -> object:
    """The stand-in for `module.name`. Of Python's own modules only what is on the list may be named.

    Classes of other packages (a discriminator's, say) become placeholders, which the machine never calls as functions.
    """
    if len(module) + len(name) > _MAX_NAME:
        raise MalformedError(f"its pickle names an object with more than {_MAX_NAME} characters")
    for old, new in _RENAMED.items():
        if module == old or module.startswith(old + "."):
            module = new + module[len(old) :]
    full = f"{module}.{name}"
    if full in _ALLOWED:
        return _ALLOWED[full]
    listed = foreign_class(full)
    if listed is not None:
        return listed
    if module.partition(".")[0] not in _STANDARD:
        return ForeignClass(full, transparent=False, known=False)
    raise refused(full)


def refused(full: str) -> MalformedError:
    """The error for a file that names something it has no need of."""
    return MalformedError(
        f"it names {shown(full)}, which is not on the list of harmless objects, so nothing was run",
        "ask its author for plain weights or safetensors",
    )


def _rebuild_tensor(
    storage: object, offset: object, shape: object, stride: object, *_: object, dtype: DType | None = None
) -> Tensor | Foreign:
    if isinstance(storage, Foreign):
        return storage
    if not isinstance(storage, Storage):
        raise MalformedError("a tensor has no storage")
    return view(storage, offset, shape, stride, dtype)


def _rebuild_tensor_of_type(
    storage: object,
    offset: object,
    shape: object,
    stride: object,
    grad: object,
    hooks: object,
    dtype: object,
    *_: object,
) -> Tensor | Foreign:
    if not isinstance(dtype, DType):
        raise MalformedError("a tensor has no element type")
    return _rebuild_tensor(storage, offset, shape, stride, dtype=dtype)


def _rebuild_parameter(tensor: object, *_: object) -> object:
    if not isinstance(tensor, (Tensor, Foreign)):
        raise MalformedError("a parameter is not a tensor")
    return tensor


def _rebuild_from_type(rebuild: object, kind: object, args: object, state: object) -> object:
    if not isinstance(rebuild, Function) or rebuild.name not in _REBUILD or not isinstance(args, tuple):
        raise MalformedError("a tensor is made in an unknown way")
    return rebuild.call(*args[:_MAX_ARGS])


def _encode(text: object, encoding: object = "utf-8") -> object:
    """How Python 3 writes byte strings in protocol 2."""
    if encoding not in ("latin1", "latin-1"):
        raise MalformedError("its pickle encodes text in an unusual way")
    if isinstance(text, Span):
        return text
    if not isinstance(text, str):
        raise MalformedError("its pickle encodes something other than text")
    return text.encode("latin-1")


def _mapping(items: object = (), *_: object) -> dict[object, object]:
    # Python 2 writes an ordered dictionary as a list of pairs.
    pairs = list(items.items()) if isinstance(items, Mapping) else items
    if not isinstance(pairs, (list, tuple)) or any(not isinstance(pair, (list, tuple)) for pair in pairs):
        raise MalformedError("its pickle makes a dictionary from something other than pairs")
    return {safe_key(key): value for key, value in pairs}


def _default_mapping(*_: object) -> dict[object, object]:
    return {}


def _sequence(items: object = (), *_: object) -> list[object]:
    if not isinstance(items, (list, tuple)):
        raise MalformedError("its pickle makes a list from something other than a list")
    return list(items)


def _tuple(items: object = ()) -> tuple[object, ...]:
    return tuple(_sequence(items))


def _device(*args: object) -> str:
    return ":".join(shown(arg) for arg in args[:2] if isinstance(arg, (str, int)))


def _bytes(data: object = b"", *_: object) -> object:
    """How protocol 2 writes an empty byte string, and protocols before 5 a `bytearray`."""
    if not isinstance(data, (bytes, Span)):
        raise MalformedError("its pickle makes bytes from something else")
    return data


def _instance(cls: object, *_: object) -> Foreign:
    """How objects were made before protocol 2, and still are in some programs."""
    if not isinstance(cls, ForeignClass):
        raise MalformedError("its pickle makes an object without a class")
    return Foreign(cls)


def _getattr(*args: object) -> ForeignClass:
    """The one attribute that is ever looked up: dill's way to fill the variables of a function."""
    match args:
        case (ForeignClass(name="dill._dill"), "_setattr", ForeignClass(name="builtins.setattr")):
            return ForeignClass("dill._dill._setattr", transparent=False)
    raise refused("builtins.getattr")


def _dill_type(name: object, *_: object) -> object:
    """A type of Python under dill's name for it."""
    if not isinstance(name, str):
        raise MalformedError("a type is named by something other than text")
    if name.endswith("Type"):
        return ForeignClass(f"types.{name}", transparent=False, known=name in DILL_TYPES)
    return find_global("builtins", name)


def _dill_attribute(module: object, name: object) -> object:
    """How older dill names a function: the same rules as for any other name."""
    match module, name:
        case Foreign(cls=ForeignClass(name="dill._dill._import_module"), args=(str(path),)), str(attribute):
            return find_global(path, attribute)
    raise MalformedError("a function is named in an unknown way")


def _dill_array(make: object, args: object, state: object, *_: object) -> object:
    """dill makes an array in one call where pickle takes two steps."""
    if not isinstance(make, Function) or make.call is not empty_array:
        raise MalformedError("a numpy array is made in an unknown way")
    return empty_array().setstate(state)


def _functions(calls: Mapping[str, Callable[..., object]]) -> dict[str, object]:
    return {name: Function(name, call) for name, call in calls.items()}


_REBUILD = _functions(
    {
        "torch._utils._rebuild_tensor": _rebuild_tensor,
        "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
        "torch._utils._rebuild_tensor_v3": _rebuild_tensor_of_type,
        "torch._utils._rebuild_parameter": _rebuild_parameter,
        "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
    }
)

_UNTYPED = StorageType(BY_NAME["uint8"])

_ALLOWED: dict[str, object] = {
    **_REBUILD,
    **_functions(
        {
            "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
            "torch.Size": _tuple,
            "torch.device": _device,
            "collections.OrderedDict": _mapping,
            "collections.defaultdict": _default_mapping,
            "collections.Counter": _mapping,
            "collections.deque": _sequence,
            "builtins.dict": _mapping,
            "builtins.list": _sequence,
            "builtins.tuple": _tuple,
            "builtins.set": _sequence,
            "builtins.frozenset": _sequence,
            "builtins.bytes": _bytes,
            "builtins.bytearray": _bytes,
            "builtins.getattr": _getattr,
            "copyreg._reconstructor": _instance,
            "_codecs.encode": _encode,
            "dill._dill._create_array": _dill_array,
            "dill._dill._get_attr": _dill_attribute,
            "dill._dill._load_type": _dill_type,
            "numpy.dtype": array_type,
            "numpy.ndarray": empty_array,
            "numpy.core.multiarray._reconstruct": empty_array,
            "numpy.core.multiarray.scalar": scalar,
            "numpy.core._multiarray_umath._reconstruct": empty_array,
            "numpy.core._multiarray_umath.scalar": scalar,
            "numpy.core.numeric._frombuffer": array,
        }
    ),
    **{f"torch.{name}": StorageType(dtype) for name, dtype in BY_STORAGE.items()},
    **{f"torch.cuda.{name}": StorageType(dtype) for name, dtype in BY_STORAGE.items()},
    "torch.storage.UntypedStorage": _UNTYPED,
    "torch.storage._UntypedStorage": _UNTYPED,
    "torch.UntypedStorage": _UNTYPED,
    **{f"torch.{name}": dtype for name, dtype in BY_NAME.items()},
    # Classes that occur as arguments only; they are never called.
    "torch.Tensor": "torch.Tensor",
    "torch.nn.parameter.Parameter": "torch.nn.parameter.Parameter",
    "torch._utils.Parameter": "torch.nn.parameter.Parameter",
    "builtins.setattr": ForeignClass("builtins.setattr", transparent=False, known=False),
}

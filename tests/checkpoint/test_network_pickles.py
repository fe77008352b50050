"""Are pickles of whole networks read as the original programs read them, without running what is in them?"""

from __future__ import annotations

import io
import pickle
import struct
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sefa_core.checkpoint import LoadOptions, open_checkpoint

from .build import (
    array,
    call,
    instance,
    mapping,
    name,
    number,
    parts,
    persistent,
    pickled,
    streamed,
    tensor,
    text,
    tf_network,
    torch_zip,
)

torch = pytest.importorskip("torch")

GOLDEN = Path(__file__).parents[1] / "golden"
TORCH = sorted([*GOLDEN.glob("stylegan*/checkpoint.pkl"), *GOLDEN.glob("projected*/checkpoint.pkl")])
TENSORFLOW = sorted(GOLDEN.glob("tf_*/checkpoint.pkl"))
DATA = np.arange(6, dtype="<f4").tobytes()
WEIGHT = streamed((2, 3), DATA)


class Anything(torch.nn.Module):
    """Stands in for every class of the original programs; what it is given becomes its attributes."""

    def __init__(self, *args: object, **settings: object) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)
        if "_modules" in state:
            super().__setstate__(state)


class Settings(dict[str, Any]):
    pass


def persistent_stub(meta: dict[str, Any]) -> Anything:
    stub = Anything()
    stub.__setstate__(meta["state"])
    return stub


class Independent(pickle.Unpickler):
    """Python's own unpickler, which imports numpy and torch, and stand-ins for everything else."""

    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct_persistent_obj":
            return persistent_stub
        if module == "dnnlib.util":
            return Settings
        if module == "dill._dill":
            return lambda make, args, state, _: (filled := make(*args)).__setstate__(state) or filled
        if module.split(".")[0] in ("torch", "numpy", "collections", "builtins", "_codecs"):
            return super().find_class(module, name)
        return Anything


def independently(path: Path) -> Any:
    load = torch.storage._load_from_bytes
    torch.storage._load_from_bytes = lambda data: torch.load(io.BytesIO(data), "cpu", weights_only=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Independent(io.BytesIO(path.read_bytes())).load()
    finally:
        torch.storage._load_from_bytes = load


@pytest.mark.parametrize("path", TORCH, ids=lambda path: path.parent.name)
def test_networks_have_the_state_dict_that_torch_gives(path: Path) -> None:
    checkpoint, expected = open_checkpoint(path), independently(path)
    assert checkpoint.container == ("module-pickle" if "projected" in path.parent.name else "nvidia-pickle")
    assert checkpoint.networks[0] == "G_ema"
    for network in ("G_ema", "G"):
        state, found = expected[network].state_dict(), checkpoint.network(network)
        assert list(found) == list(state)
        for key, value in state.items():
            np.testing.assert_array_equal(found.read(key), value.numpy(), err_msg=key, strict=True)


@pytest.mark.parametrize("path", TORCH, ids=lambda path: path.parent.name)
def test_attributes_of_modules_are_values(path: Path) -> None:
    values, expected = open_checkpoint(path).values, independently(path)["G_ema"]
    count = 0
    for prefix, module in expected.named_modules(prefix="G_ema"):
        assert f"{prefix}.class_name" in values
        for key, value in vars(module).items():
            if key.startswith("_") or key == "training":
                continue
            entries = enumerate(value) if isinstance(value, (list, tuple)) else [("", value)]
            for index, entry in entries:
                if isinstance(entry, (bool, int, float, str)):
                    entry = entry.item() if isinstance(entry, np.generic) else entry
                    where = f"{prefix}.{key}.{index}".rstrip(".")
                    assert values[where] == entry and type(values[where]) is type(entry), where
                    count += 1
    assert count > 50


@pytest.mark.parametrize("path", TENSORFLOW, ids=lambda path: path.parent.name)
def test_tensorflow_networks_keep_the_names_of_their_variables(path: Path) -> None:
    checkpoint, networks = open_checkpoint(path), independently(path)
    assert (checkpoint.container, checkpoint.networks) == ("tf-pickle", ("Gs", "G", "D"))
    found: set[str] = set()

    def compare(prefix: str, network: Any) -> None:
        for key, value in network.variables:
            read = checkpoint.tensors.read(f"{prefix}.{key}")
            np.testing.assert_array_equal(read, value, err_msg=f"{prefix}.{key}", strict=isinstance(value, np.ndarray))
            found.add(f"{prefix}.{key}")
        for key, value in network.static_kwargs.items():
            if isinstance(value, (bool, int, float, str)):
                assert checkpoint.values[f"{prefix}.static_kwargs.{key}"] == value
        assert checkpoint.values[f"{prefix}.version"] == network.version
        for key, component in getattr(network, "components", {}).items():
            compare(f"{prefix}.{key}", component)

    for called, network in zip(("G", "D", "Gs"), networks, strict=True):
        compare(called, network)
    assert found == set(checkpoint.tensors)


def write(path: Path, value: bytes) -> Path:
    path.write_bytes(pickled(value))
    return path


def test_what_is_part_of_a_network(tmp_path: Path) -> None:
    inner = persistent("Layer", parts({"weight": WEIGHT, "bias": b"N"}, gain=b"G" + struct.pack(">d", 0.5)))
    passing = name("builtins", "set") + b"(](" + text("cache") + b"etR"
    state = parts(
        {"const": WEIGHT},
        {"conv": inner, "none": b"N"},
        {"avg": WEIGHT, "cache": WEIGHT},
        _non_persistent_buffers_set=passing,
        stale=WEIGHT,
        names=b"](" + text("a") + text("b") + b"e",
        tables=b"](" + WEIGHT + b"e",
        act=name("torch.nn.functional", "relu"),
        clamp=b"N",
        fp16=b"\x88",
        odd=mapping({"\n": number(1), "even": number(2)}),
    )
    checkpoint = open_checkpoint(write(tmp_path / "net.pkl", mapping({"G_ema": persistent("Generator", state)})))
    assert list(checkpoint.network("G_ema")) == ["const", "avg", "conv.weight"]
    assert checkpoint.networks == ("G_ema",) and checkpoint.skipped == ()
    assert {key.removeprefix("G_ema."): value for key, value in checkpoint.values.items()} == {
        "class_name": "Generator",
        "conv.class_name": "Layer",
        "conv.gain": 0.5,
        "names.0": "a",
        "names.1": "b",
        "fp16": True,
        "odd.even": 2,
    }


def test_a_network_by_itself(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write(tmp_path / "net.pkl", persistent("Generator", parts({"const": WEIGHT}))))
    assert (checkpoint.networks, list(checkpoint.tensors)) == (("",), ["const"])
    assert checkpoint.values["class_name"] == "Generator"


def test_a_stream_that_is_shared_is_read_once(tmp_path: Path) -> None:
    data = bytes(8000)
    value = mapping({"G": persistent("Generator", parts({"a": streamed((2000,), data) + b"q\x00", "b": b"h\x00"}))})
    tensors = open_checkpoint(write(tmp_path / "net.pkl", value)).tensors
    assert list(tensors) == ["G.a", "G.b"] and tensors.read("G.b").shape == (2000,)


def dill_hook() -> bytes:
    """A function with a variable of its own, as three generations of dill write it."""
    code = call("dill._dill", "_create_code", number(1), b"C\x02d\x00")
    cell = call("dill._dill", "_create_cell", b"N")
    function = call("dill._dill", "_create_function", code, name("unknown", "__dict__"), text("hook"), b"N", cell)
    setter = call("builtins", "getattr", name("dill", "_dill"), text("_setattr"), name("builtins", "setattr"))
    method = call("dill._dill", "_load_type", text("MethodType")) + b"(" + function + b"NtR"
    older = call("dill._dill", "_get_attr", call("dill._dill", "_import_module", text("torch._C._nn")), text("gelu"))
    partial = call("dill._dill", "_load_type", text("PartialType")) + b"(" + name("builtins", "int") + b"tR"
    filled = setter + b"(" + cell + text("cell_contents") + text("1") + b"tR"
    return b"](" + function + method + older + partial + filled + b"e"


def test_foreign_parts_are_skipped(tmp_path: Path) -> None:
    """A discriminator with feature networks of other projects and hooks that dill wrote as code."""
    features = instance("timm.models.vit", "ViT", parts({"weight": WEIGHT}, hooks=dill_hook()))
    enum = call("torchvision.transforms.functional", "InterpolationMode", text("bilinear"))
    projector = instance("pg_modules.projector", "Proj", mapping({"anything": enum}))
    networks = {
        "D": instance("some.project", "D", parts(None, {"features": features})),
        "loss": projector,
        "G_ema": instance("pg_modules.networks", "Generator", parts({"weight": WEIGHT})),
        "hooks": dill_hook(),
    }
    checkpoint = open_checkpoint(write(tmp_path / "best_model.pkl", mapping(networks)))
    assert (checkpoint.container, checkpoint.networks) == ("module-pickle", ("G_ema", "D"))
    assert list(checkpoint.network("D")) == ["features.weight"]
    assert "loss" in checkpoint.skipped


def test_numpy_arrays_in_the_words_of_dill(tmp_path: Path) -> None:
    state = b"(" + number(1) + b"K\x02\x85" + call("numpy", "dtype", text("f4")) + b"\x89C\x08" + bytes(8) + b"t"
    make = name("numpy.core.multiarray", "_reconstruct")
    older = call(
        "dill._dill",
        "_get_attr",
        call("dill._dill", "_import_module", text("numpy.core._multiarray_umath")),
        text("_reconstruct"),
    )
    rebuilt = call("dill._dill", "_create_array", make, b")", state, b"N")
    value = mapping({"a": rebuilt, "b": older + b")R" + state + b"b"})
    tensors = open_checkpoint(write(tmp_path / "arrays.pkl", value)).tensors
    assert tensors.read("a").tolist() == tensors.read("b").tolist() == [0.0, 0.0]


def test_tensorflow_networks_in_other_arrangements(tmp_path: Path) -> None:
    weight = array("f4", (2,), bytes(8))
    four = b"(" + b"".join(tf_network(key, {"w": weight}) for key in ("E", "G", "D", "Gs")) + b"t"
    checkpoint = open_checkpoint(write(tmp_path / "four.pkl", four))
    assert checkpoint.networks == ("Gs", "G", "E", "D")
    alone = tf_network("Gs", {"lod": b"G" + bytes(8)}, {"mapping": tf_network("m", {"Dense0/weight": weight})})
    checkpoint = open_checkpoint(write(tmp_path / "one.pkl", alone))
    assert (checkpoint.container, list(checkpoint.tensors)) == ("tf-pickle", ["lod", "mapping.Dense0/weight"])
    assert checkpoint.values["mapping.static_kwargs.resolution"] == 8
    nameless = b"](" + tf_network("G", {"w": weight}) + tf_network("G", {"w": weight}) + b"e"
    assert open_checkpoint(write(tmp_path / "same.pkl", nameless)).networks == ("0", "1")


def test_modules_inside_files_of_torch(tmp_path: Path) -> None:
    net = torch.nn.Sequential(OrderedDict(conv=torch.nn.Conv2d(2, 3, 1), norm=torch.nn.BatchNorm2d(3)))
    for new in (True, False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.save({"G": net}, tmp_path / "net.pt", _use_new_zipfile_serialization=new)
        found = open_checkpoint(tmp_path / "net.pt").network("G")
        assert list(found) == list(net.state_dict())
        np.testing.assert_array_equal(found.read("conv.weight"), net.conv.weight.detach().numpy())


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


CONTAINERS = {
    "nvidia-pickle": lambda path: write(
        path, mapping({key: persistent("Generator", parts({"w": WEIGHT})) for key in ("G", "G_ema")})
    ),
    "module-pickle": lambda path: write(
        path, mapping({key: instance("pg_modules.nets", "G", parts({"w": WEIGHT})) for key in ("G", "G_ema")})
    ),
    "tf-pickle": lambda path: write(
        path, b"(" + b"".join(tf_network(key, {"w": array("f4", (2,), bytes(8))}) for key in ("G", "D", "Gs")) + b"t"
    ),
    "pickle": lambda path: write(path, mapping({key: mapping({"w": WEIGHT}) for key in ("G", "G_ema")})),
    "torch-zip": lambda path: torch_zip(
        path, mapping({key: mapping({"w": tensor((4,), (1,))}) for key in ("G", "G_ema")}), {"data/0": bytes(16)}
    ),
    "npz": lambda path: path.write_bytes(npz({"G.w": np.ones(2), "G_ema.w": np.ones(2)})),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_key_chooses_a_network(tmp_path: Path, container: str, line) -> None:
    path = tmp_path / "file"
    CONTAINERS[container](path)
    checkpoint = open_checkpoint(path)
    assert checkpoint.container == container
    assert checkpoint.networks[0] == {"tf-pickle": "Gs", "npz": ""}.get(container, "G_ema")
    checkpoint = open_checkpoint(path, LoadOptions(key="G"))
    assert checkpoint.networks == ("G",) and list(checkpoint.network("G")) == ["w"]
    assert "no network 'H'" in line(lambda: open_checkpoint(path, LoadOptions(key="H")))

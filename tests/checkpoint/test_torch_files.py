"""Does our reader give exactly the arrays that torch itself gives, from both of torch's containers?"""

from __future__ import annotations

import argparse
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sefa_core.checkpoint import LoadOptions, open_checkpoint

from .build import mapping, name, number, storage, tensor, text, torch_legacy, torch_zip

torch = pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*_*/*.pt*")) + sorted((ROOT / "tests" / "golden").glob("*_*/*.tar"))
SHARED = ROOT.parent / "shared" / "golden"
FLOATS = np.arange(4, dtype="<f4").tobytes()


def tensors_of(value: object, path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of a loaded file under the names that we promise."""
    if isinstance(value, torch.Tensor):
        yield path, value
    elif isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in items:
            yield from tensors_of(child, f"{path}.{key}" if path else str(key))


def assert_same_as_torch(path: Path) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = dict(tensors_of(torch.load(path, map_location="cpu", weights_only=False)))
    checkpoint = open_checkpoint(path)
    assert set(checkpoint.tensors) == set(expected)
    for key, value in expected.items():
        info = checkpoint.tensors[key]
        array = checkpoint.tensors.read(key)
        assert (info.shape, f"torch.{info.dtype}") == (tuple(value.shape), str(value.dtype)), key
        assert info.nbytes == value.numel() * value.element_size()
        value = value.detach().float() if value.dtype == torch.bfloat16 else value.detach()
        assert array.shape == info.shape and array.flags.c_contiguous and array.flags.writeable, key
        np.testing.assert_array_equal(array, value.numpy(), err_msg=key, strict=True)
    return len(expected)


def assert_same_where_torch_can(path: Path) -> None:
    try:
        assert_same_as_torch(path)
    except ModuleNotFoundError:  # torch wants to import the classes of the original project; we do not
        assert open_checkpoint(path).tensors


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_golden_copies_equal_torch(path: Path) -> None:
    assert_same_where_torch_can(path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/golden beside the repository")
def test_every_shared_torch_file_equals_torch() -> None:
    files = [path for path in SHARED.glob("*/*") if path.suffix in {".pt", ".pth", ".tar", ".bin"}]
    assert len(files) >= 20
    for path in files:
        assert_same_where_torch_can(path)


@pytest.fixture(params=[True, False], ids=["zip", "legacy"])
def saved(request: pytest.FixtureRequest, tmp_path: Path):
    def save(value: object) -> Path:
        torch.save(value, tmp_path / "file.bin", _use_new_zipfile_serialization=request.param)
        return tmp_path / "file.bin"

    return save


def test_odd_tensors_equal_torch(saved) -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    views = {
        "transposed": base.transpose(0, 2),
        "permuted": base.permute(1, 2, 0),
        "stepped": base[:, ::2, 1:],
        "same storage": base,
        "row": base[1, 2],
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "empty middle": torch.zeros(2, 0, 3).transpose(0, 2),
        "parameter": torch.nn.Parameter(base[0]),
        "channels last": torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last),
    }
    assert assert_same_as_torch(saved(views)) == len(views)


@pytest.mark.parametrize("floats", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64])
@pytest.mark.parametrize("integers", [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool])
def test_types_equal_torch(saved, floats: torch.dtype, integers: torch.dtype) -> None:
    values = torch.tensor([[0.0, 1.5, 2.0], [3.0, 100.0, 5.0]])
    assert assert_same_as_torch(saved({"a": values.to(floats), "b": values.to(integers).t()})) == 2


@pytest.mark.parametrize("kind", [torch.uint16, torch.uint32, torch.uint64])
def test_types_without_a_storage_class_equal_torch(tmp_path: Path, kind: torch.dtype) -> None:
    torch.save({"a": torch.tensor([[1, 2, 3]]).to(kind)}, tmp_path / "file")  # torch cannot load its own legacy file
    assert assert_same_as_torch(tmp_path / "file") == 1


def test_bfloat16_is_exact(saved) -> None:
    values = torch.randn(100, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    array = open_checkpoint(saved({"a": values})).tensors.read("a")
    assert array.dtype == np.float32
    assert torch.equal(torch.from_numpy(array).to(torch.bfloat16), values)


def test_float8_is_listed_but_refused(saved, line) -> None:
    path = saved({"a": torch.ones(4).to(torch.float8_e4m3fn), "b": torch.ones(2)})
    tensors = open_checkpoint(path).tensors
    assert tensors["a"].dtype == "float8_e4m3fn"
    assert "float8_e4m3fn are not read" in line(lambda: tensors.read("a"))
    assert tensors.read("b").tolist() == [1.0, 1.0]


def test_training_file_with_everything_in_it(saved) -> None:
    net = torch.nn.Linear(3, 2)
    optim = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optim.step()
    named = torch.nn.Parameter(torch.ones(3))
    named.note = "a parameter with an attribute"
    tagged = torch.ones(2)
    tagged.note = "a tensor with an attribute"
    path = saved(
        {
            "args": argparse.Namespace(size=64, lr=0.5, name="run", nested={"on": True}),
            "g": net.state_dict(),
            "optim": optim.state_dict(),
            "mean": np.arange(6.0).reshape(2, 3).T,
            "big": np.ones((100, 100), "f4"),
            "step": np.int64(7),
            "losses": [0.25] * 10,
            "parts": {"set": {1, 2}, "size": torch.Size([1]), "dtype": torch.half, "device": torch.device("cpu")},
            "module": torch.nn.Sequential(torch.nn.Linear(2, 2)),
            "named": named,
            "tagged": tagged,
            "sparse": torch.eye(3).to_sparse(),
            3: [torch.zeros(1), OrderedDict(x=torch.ones(1))],
        }
    )
    checkpoint = open_checkpoint(path)
    values = checkpoint.values
    assert (values["args.size"], values["args.lr"], values["args.name"]) == (64, 0.5, "run")
    assert (values["args.nested.on"], values["step"], values["parts.device"]) == (True, 7, "cpu")
    assert checkpoint.skipped == ("sparse",)
    assert checkpoint.networks == ("g", "", "module", "3", "3.1")
    assert list(checkpoint.network("module")) == ["0.weight", "0.bias"]
    assert "optim.state.0.exp_avg" in checkpoint.tensors
    assert not any(key.startswith("optim") for key in values)
    assert checkpoint.tensors.read("mean").tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert checkpoint.tensors["mean"].dtype == "float64"
    assert checkpoint.tensors.read("big").sum() == 10_000
    assert checkpoint.tensors.read("named").tolist() == [1.0, 1.0, 1.0]
    assert checkpoint.tensors.read("tagged").tolist() == [1.0, 1.0]
    assert list(checkpoint.network("3")) == ["0", "1.x"]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_pickle_protocol(tmp_path: Path, protocol: int) -> None:
    for new in (True, False):
        path = tmp_path / f"{new}"
        torch.save(
            {"a": torch.ones(3), "b": np.ones(3000)},
            path,
            pickle_protocol=protocol,
            _use_new_zipfile_serialization=new,
        )
        checkpoint = open_checkpoint(path)
        assert checkpoint.container == ("torch-zip" if new else "torch-legacy")
        assert checkpoint.tensors.read("a").tolist() == [1, 1, 1]
        assert checkpoint.tensors.read("b").sum() == 3000


def test_pieces_of_storages_in_old_files(tmp_path: Path) -> None:
    """Before torch 0.4 a storage could be saved as a piece of another: (key, offset, size) after its size."""
    piece = b"(" + text("0.1") + number(1) + number(2) + b"t"
    value = mapping({"a": tensor((2,), (1,), of=storage(rest=piece)), "b": tensor((4,), (1,), of=storage(rest=b"N"))})
    tensors = open_checkpoint(torch_legacy(tmp_path / "old", value, [("0", 4, FLOATS)])).tensors
    assert tensors.read("a").tolist() == [1.0, 2.0]
    assert tensors.read("b").tolist() == [0.0, 1.0, 2.0, 3.0]


def test_archives_with_64_bit_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files over 4 GB have them; here the limit is lowered so that a small one has them too."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 8)
    path = torch_zip(tmp_path / "wide", tensor((4,), (1,)), {"data/0": FLOATS})
    assert b"PK\x06\x06" in path.read_bytes()
    assert open_checkpoint(path).tensors.read("").tolist() == [0.0, 1.0, 2.0, 3.0]


def test_strings_of_python_2(tmp_path: Path) -> None:
    value = b"}(U\x01aU\x03xyzU\x06weight" + tensor((2, 2), (1, 2)) + b"u"
    checkpoint = open_checkpoint(torch_zip(tmp_path / "py2", value, {"data/0": FLOATS}))
    assert checkpoint.values == {"a": "xyz"}
    assert checkpoint.tensors.read("weight").tolist() == [[0.0, 2.0], [1.0, 3.0]]


def test_module_classes_in_legacy_files_are_skipped(tmp_path: Path) -> None:
    """BigGAN training states: the class as ("module", class, file, source text)."""
    cls = b"(" + text("module") + name("torch.nn.modules.activation", "ReLU") + text("a.py") + text("class") + b"tQ"
    value = mapping({"act": cls + b")\x81" + mapping({"inplace": b"\x88"}) + b"b", "w": tensor((4,), (1,))})
    checkpoint = open_checkpoint(torch_legacy(tmp_path / "old", value, [("0", 4, FLOATS)]))
    assert checkpoint.skipped == ("act",)
    assert list(checkpoint.tensors) == ["w"]


def test_a_file_that_changed_after_opening_is_refused(tmp_path: Path, line) -> None:
    path = tmp_path / "file"
    torch.save({"a": torch.ones(3)}, path)
    checkpoint = open_checkpoint(path, LoadOptions())
    torch.save({"a": torch.ones(30)}, path)
    assert "changed" in line(lambda: checkpoint.tensors.read("a"))


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_array_that_occurs_twice_is_read_twice(tmp_path: Path, order: str) -> None:
    """A pickle makes an array empty, remembers it, and fills it afterwards; its type is remembered the same way."""
    shared, other = (np.arange(4, dtype=np.float32) + i for i in (0, 10))
    shared, other = shared.astype(f"{order}f4"), other.astype(f"{order}f4")
    torch.save({"first": shared, "second": shared, "third": other, "weight": torch.zeros(1)}, tmp_path / "twice.pt")
    tensors = open_checkpoint(tmp_path / "twice.pt").tensors
    for key in ("first", "second", "third"):
        if order == "<":
            np.testing.assert_array_equal(tensors.read(key), shared if key != "third" else other)
        else:  # big-endian arrays are not read, and never as something else
            assert key not in tensors

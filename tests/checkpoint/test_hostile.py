"""Does every hostile file end in one line, quickly, in little memory, and without running anything?"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from sefa_core.checkpoint import open_checkpoint

from .build import (
    array,
    call,
    instance,
    mapping,
    name,
    number,
    pickled,
    storage,
    tensor,
    text,
    torch_legacy,
    torch_zip,
)

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "golden" / "malicious"
DATA = {"data/0": bytes(16)}

# What the one line must say about each file: it names the reason, not just any error.
SAID = {
    "pickle_deep_nesting": "nested more than",
    "pickle_huge_bytes_length": "asks for 1125899906842624 bytes",
    "nv_inner_storage_stream": "posix.system",
    "nv_nested_global": "builtins.eval",
    "nv_reduce_os_system": "os.system",
    "nv_self_reference": "contain themselves",
    "nv_shape_exceeds_storage": "needs more than the 6 elements",
    "nv_truncated": "cut off",
    "pickle_huge_memo_index": "without a network in it",
    "pickle_memo_bomb": "expand to more than",
    "safetensors_bad_json": "not valid JSON",
    "safetensors_bad_offsets": "outside the file",
    "safetensors_header_length": "header should have",
    "torch_deflated_record": "is compressed",
    "torch_huge_shape": "needs more than the 4 elements",
    "torch_huge_storage": "its record has 16 bytes",
    "torch_legacy_reduce": "posix.system",
    "torch_stride0_bomb": "needs more than the 4 elements",
    "tf_nested_global": "posix.system",
    "tf_object_array": "dtype object",
    "torch_zip_reduce": "posix.system",
}


OPEN_AND_READ = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
from sefa_core.checkpoint import open_checkpoint
from sefa_core.errors import SefaError
began = time.process_time()
try:
    checkpoint = open_checkpoint(sys.argv[1])
    for name in checkpoint.tensors:
        checkpoint.tensors.read(name)
except SefaError as error:
    print(error)
    sys.exit(1 if time.process_time() - began < 1 else 3)
"""


def run(path: Path, marker: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PWNED_MARKER": str(marker)}
    command = [sys.executable, "-c", OPEN_AND_READ, str(path)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def assert_refused(path: Path, marker: Path) -> str:
    result = run(path, marker)
    assert result.returncode == 1, result.stderr
    assert result.stderr == ""
    assert result.stdout.count("\n") == 1 and result.stdout.startswith(str(path))
    assert not marker.exists()
    return result.stdout


@pytest.mark.parametrize("item", SAID)
def test_hostile_files(item: str, tmp_path: Path) -> None:
    (path,) = (ROOT / "tests" / "golden" / "malicious" / item).iterdir()
    assert SAID[item] in assert_refused(path, tmp_path / "marker")


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/golden beside the repository")
def test_every_shared_hostile_file(tmp_path: Path) -> None:
    files = sorted(SHARED.glob("*/checkpoint.*"))
    assert {path.parent.name for path in files} == set(SAID)
    for path in files:
        assert_refused(path, tmp_path / "marker")


def test_the_marker_test_can_fail(tmp_path: Path) -> None:
    """The same file does run a command when torch loads it without restrictions."""
    pytest.importorskip("torch")
    marker = tmp_path / "marker"
    path = ROOT / "tests" / "golden" / "malicious" / "torch_zip_reduce" / "checkpoint.pth"
    command = [sys.executable, "-c", "import sys, torch; torch.load(sys.argv[1], weights_only=False)", str(path)]
    subprocess.run(command, env={**os.environ, "PWNED_MARKER": str(marker)}, capture_output=True, timeout=60)
    assert marker.exists()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (name("os", "system") + b"(" + text("true") + b"tR", "os.system"),
        (name("builtins", "eval"), "builtins.eval"),
        (name("__builtin__", "getattr") + b"(NNtR", "builtins.getattr"),
        (name("builtins", "setattr") + b"(NNNtR", "builtins.setattr"),
        (name("torch.hub", "load"), "torch.hub.load"),
        (name("torch", "load"), "torch.load"),
        (name("collections", "OrderedDict.__init__"), "collections.OrderedDict.__init__"),
        (name("a\x1b[31mb", "c") + b")R", "a\\x1b[31mb.c"),
        (
            call("dill._dill", "_get_attr", call("dill._dill", "_import_module", text("os")), text("system")),
            "os.system",
        ),
        (call("dill._dill", "_load_type", text("eval")), "builtins.eval"),
        (call("dill._dill", "_create_function", b"N") + b")R", "dill._dill._create_function(...)"),
        (instance("training.nets", "G", b"}") + b")R", "training.nets.G(...)"),
        (call("training.nets", "run", text("true")), "training.nets.run"),
        (call("torch.nn.modules.module", "os.system", text("true")), "torch.nn.modules.module.os.system"),
        (call("unknown.package", "Thing"), "unknown.package.Thing"),
        (call("copyreg", "_reconstructor", b"N"), "object without a class"),
        (call("builtins", "bytes", number(2**40)), "bytes from something else"),
        (name("a" * 5000, "c"), "more than 1000 characters"),
        (text("os") + text("system") + b"\x93", "os.system"),
        (b"]]\x93", "other than text"),
        (text("x") + b")R", "calls a str"),
        (name("collections", "OrderedDict") + b"]R", "no tuple"),
        (name("argparse", "Namespace") + b")}" + text("a") + b"Ns\x92", "keyword arguments"),
        (b"}]b" + text("a") + b")b", "sets attributes of a str"),
        (text("a") + b"Na", "appends to a str"),
        (b"]" + text("a") + b"Ns", "sets items of a list"),
        (b"\x82\x01", "opcode 0x82"),
        (b"L1L\n", "opcode 0x4c"),
        (b"I" + b"1" * 21 + b"\n", "integer of 21 digits"),
        (b"h\x07", "corrupt near byte"),
        (b"0", "corrupt near byte"),
        (b"NN", "no single value"),
        (b"(N", "no single value"),
        (b"\x80\x07N", "protocol 7"),
        (b"\x8b\xff\xff\xff\x7f", "integer of 2147483647 bytes"),
        (b"X\xff\xff\xff\x7f", "asks for 2147483647 bytes"),
        (b"X\x01\x00\x00\x00\xff", "corrupt near byte"),
        (b"\x95" + b"\xff" * 8, "asks for 18446744073709551615 bytes"),
        (b"NQ", "refers to a storage in an unknown way"),
        (storage(kind="FloatStorage", numel=5), "its record has 16 bytes"),
        (storage(numel=-4), "its record has 16 bytes"),
        (storage(key="../0"), "no record archive/data/../0"),
        (storage(key="1"), "no record"),
        (tensor((5,), (1,)), "needs more than the 4 elements"),
        (tensor((2, 2), (3, 1)), "needs more than the 4 elements"),
        (tensor((2,), (1,), offset=3), "needs more than the 4 elements"),
        (tensor((3, 2), (1, 1)), "needs more than the 4 elements"),
        (tensor((4,), (1, 1)), "has 2 strides"),
        (tensor((-4,), (1,)), "not a number from 0"),
        (tensor((4,), (-1,)), "not a number from 0"),
        (tensor((4,), (1,), offset=-1), "not a number from 0"),
        (tensor((2**64,), (1,)), "not a number from 0"),
        (tensor((0, 2**62), (1, 1)), "needs more"),
        (tensor((1,) * 33, (1,) * 33), "at most 32"),
        (tensor((4,), (1,), of=b"N"), "has no storage"),
        (name("torch._utils", "_rebuild_parameter") + b"(N\x88NtR", "not a tensor"),
        (name("_codecs", "encode") + b"(" + text("a") + text("zip") + b"tR", "encodes text in an unusual way"),
        (name("numpy", "dtype") + b"(" + text("O8") + b"\x89\x88tR", "dtype object"),
        (array("f4", (3,), bytes(16)), "comes with 16 bytes"),
        (array("f4", (5,), bytes(16)), "needs more than the 4 elements"),
        (array("f4", (-4,), bytes(16)), "not a number from 0"),
        (array("f8", (2,), bytes(15)), "needs more than the 1 elements"),
        (array("f4", (2,), bytes(9)), "comes with 9 bytes"),
        (name("numpy.core.multiarray", "scalar") + b"(N\x85tR", "numpy scalar in an unknown form"),
        (name("torch", "Size") + b"(" + number(3) + b"tR", "from something other than a list"),
    ],
)
def test_hostile_pickles(tmp_path: Path, value: bytes, said: str, line) -> None:
    path = torch_zip(tmp_path / "hostile.pt", value, DATA)
    assert said in line(lambda: open_checkpoint(path))


def test_names_and_cycles(tmp_path: Path, line) -> None:
    cyclic = b"}q\x00" + text("w") + tensor((4,), (1,)) + b"s" + text("self") + b"h\x00s"
    assert "contain themselves" in line(lambda: open_checkpoint(torch_zip(tmp_path / "a", cyclic, DATA)))
    escape = mapping({"a\x1b[2J": tensor((4,), (1,))})
    assert "not printable" in line(lambda: open_checkpoint(torch_zip(tmp_path / "b", escape, DATA)))
    steps = [b"](" + 3 * (b"h" + bytes([i])) + b"eq" + bytes([i + 1]) for i in range(60)]
    bomb = tensor((4,), (1,)) + b"q\x000" + b"0".join(steps)
    assert "expand to more than" in line(lambda: open_checkpoint(torch_zip(tmp_path / "c", bomb, DATA)))


def test_settings_that_contain_themselves(tmp_path: Path) -> None:
    settings = name("argparse", "Namespace") + b")R"
    value = mapping({"own state": settings + b"q\x00h\x00b", "w": tensor((4,), (1,))})
    assert list(open_checkpoint(torch_zip(tmp_path / "own", value, DATA)).tensors) == ["w"]


def test_long_lists_that_are_shared_are_searched_once(tmp_path: Path) -> None:
    """100 000 references to a list of 100 000 numbers: 10**10 steps for a reader that looks each time."""
    value = b"}" + text("w") + tensor((4,), (1,)) + b"s" + text("long") + b"](" + b"N" * 100_000 + b"eq\x01s"
    value += text("all") + b"](" + b"h\x01" * 100_000 + b"es"
    began = time.process_time()
    assert list(open_checkpoint(torch_zip(tmp_path / "shared", value, DATA)).tensors) == ["w"]
    assert time.process_time() - began < 5


def test_unhashable_and_deep_keys_are_left_out(tmp_path: Path) -> None:
    """Hashing a tuple that is nested 100 000 deep would overflow the interpreter's stack."""
    deep = b")" + b"\x85" * 100_000
    value = b"}" + deep + b"Ns]Ns" + text("w") + tensor((4,), (1,)) + b"s"
    assert list(open_checkpoint(torch_zip(tmp_path / "deep", value, DATA)).tensors) == ["w"]


def test_too_many_objects(tmp_path: Path, line) -> None:
    path = torch_zip(tmp_path / "many", b"(" + b"]" * 1_400_000 + b"l", DATA)
    assert "more than 90 MB of objects" in line(lambda: open_checkpoint(path))
    path = torch_zip(tmp_path / "steps", b"(" + b"N" * 2_100_000 + b"l", DATA)
    assert "more than 2000000 steps" in line(lambda: open_checkpoint(path))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[:-30], "directory"),
        (lambda data: data.replace(b"archive/data/0", b"archive/data/1", 1), None),
        (lambda data: data.replace(b"archive/version", b"archive/data.pk", 2), None),
        (lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x03", 1), "directory of its zip archive is corrupt"),
        (lambda data: data.replace(b"PK\x03\x04", b"PK\x03\x05"), "not a known"),
    ],
)
def test_damaged_archives(tmp_path: Path, change, said: str | None, line) -> None:
    path = torch_zip(tmp_path / "file", tensor((4,), (1,)), {"data/0": bytes(16), "version": b"3\n"})
    data = path.read_bytes()
    changed = change(data)
    assert changed != data
    path.write_bytes(changed if said != "not a known" else b"\x00\x00" + changed)
    if said is None:  # harmless: only the name in a local header, or a record that is not needed
        assert open_checkpoint(path).tensors.read("").tolist() == [0, 0, 0, 0]
    else:
        assert said in line(lambda: open_checkpoint(path))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_archives(tmp_path: Path, line) -> None:
    value = tensor((4,), (1,))
    path = torch_zip(tmp_path / "twice", value, {"data/0": bytes(16)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data/0", bytes(16))
    assert "two records of the same name" in line(lambda: open_checkpoint(path))
    path = torch_zip(tmp_path / "deflated", value, {"data/0": bytes(16)}, zipfile.ZIP_DEFLATED)
    assert "is compressed" in line(lambda: open_checkpoint(path))
    path = torch_zip(tmp_path / "big", value, {"data/0": bytes(16), "byteorder": b"big"})
    assert "big-endian" in line(lambda: open_checkpoint(path))
    path = torch_zip(tmp_path / "extra", value, {"data/0": bytes(16)})
    data = bytearray(path.read_bytes())
    local = data.index(b"archive/data/0") - 30
    data[local + 28] = 200  # the local header claims a long extra field, which would move the data
    path.write_bytes(data)
    assert "reaches into what follows" in line(lambda: open_checkpoint(path))
    data[local : local + 2] = b"XX"
    path.write_bytes(data)
    assert "not where its zip archive says" in line(lambda: open_checkpoint(path))


@pytest.mark.parametrize(
    ("storages", "said"),
    [
        ([], "list of storages does not fit"),
        ([("1", 4, bytes(16))], "list of storages does not fit"),
        ([("0", 4, bytes(16)), ("0", 4, bytes(16))], "list of storages does not fit"),
        ([("0", 5, bytes(20))], "should have 4 elements, 5 are announced"),
        ([("0", -4, bytes(16))], "should have 4 elements, -4 are announced"),
        ([("0", 4, bytes(15))], "cut off"),
    ],
)
def test_hostile_legacy_storages(tmp_path: Path, storages: list[tuple[str, int, bytes]], said: str, line) -> None:
    path = torch_legacy(tmp_path / "file", tensor((4,), (1,)), storages)
    assert said in line(lambda: open_checkpoint(path))


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (b"(" + text("p") + number(3) + number(2) + b"t", "piece that is not inside"),
        (b"(" + text("p") + number(-1) + number(2) + b"t", "piece that is not inside"),
        (text("p"), "piece that is not inside"),
        (b"NN", "piece that is not inside"),
    ],
)
def test_hostile_pieces(tmp_path: Path, rest: bytes, said: str, line) -> None:
    value = tensor((2,), (1,), of=storage(rest=rest))
    path = torch_legacy(tmp_path / "file", value, [("0", 4, bytes(16))])
    assert said in line(lambda: open_checkpoint(path))


def test_a_storage_of_two_types(tmp_path: Path, line) -> None:
    value = mapping({"a": tensor((4,), (1,)), "b": tensor((2,), (1,), of=storage(kind="DoubleStorage", numel=2))})
    path = torch_legacy(tmp_path / "file", value, [("0", 4, bytes(16))])
    assert "described in two ways" in line(lambda: open_checkpoint(path))


def test_plain_pickles_are_searched_too(tmp_path: Path, line) -> None:
    (tmp_path / "a.pkl").write_bytes(pickled(mapping({"a": name("subprocess", "Popen")})))
    assert "subprocess.Popen" in line(lambda: open_checkpoint(tmp_path / "a.pkl"))

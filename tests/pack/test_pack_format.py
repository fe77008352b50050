"""Do packs on disk follow docs/pack-format.md, and is a damaged one refused in one clear line?"""

from __future__ import annotations

import hashlib
import json
import random
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sefa_core as sefa
from sefa_core.checkpoint.writer import write_safetensors
from sefa_core.pack import DirectionPack
from sefa_core.pack.config import to_config
from tests.conftest import GOLDEN, REPOSITORY
from tests.pack.test_pack import pack, uneven

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = json.loads((REPOSITORY / "docs" / "pack.schema.json").read_text())
PAGE = (REPOSITORY / "docs" / "pack-format.md").read_text()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def read_by_the_document(folder: Path) -> tuple[dict[str, object], list[list[list[float]]], dict[str, list[float]]]:
    """The configuration, the offsets of each direction and the spectra, with nothing but `json` and `struct`."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    raw = (folder / "directions.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    body = raw[8 + length :]

    def tensor(name: str) -> list[float]:
        begin, end = header[name]["data_offsets"]
        kind = {"F32": "f", "F64": "d"}[header[name]["dtype"]]
        return list(struct.unpack(f"<{(end - begin) // struct.calcsize(kind)}{kind}", body[begin:end]))

    dim, num_rows = config["dim"], config["num_rows"]
    vectors = tensor("vectors")
    offsets = []
    for number, entry in enumerate(config["directions"]):
        if f"offsets.{number}" in header:
            flat = tensor(f"offsets.{number}")
            offsets.append([flat[row * dim : (row + 1) * dim] for row in range(num_rows)])
        else:
            vector = vectors[number * dim : (number + 1) * dim]
            offsets.append([vector if row in entry["rows"] else [0.0] * dim for row in range(num_rows)])
    spectra = {name.partition(".")[2]: tensor(name) for name in header if name.startswith("spectrum.")}
    return config, offsets, spectra


@pytest.mark.parametrize("make", [pack, uneven])
def test_a_reader_that_follows_the_document_sees_the_same(make: Callable[[], DirectionPack], tmp_path: Path) -> None:
    made = make()
    config, offsets, spectra = read_by_the_document(made.save_pretrained(tmp_path / "p"))
    np.testing.assert_array_equal(np.array(offsets), np.stack([direction.offsets for direction in made]))
    assert {key: values.tolist() for key, values in made.spectra.items()} == spectra
    assert config == json.loads(json.dumps(to_config(made)))
    VALIDATOR.validate(config)


def test_the_header_repeats_the_configuration(tmp_path: Path) -> None:
    folder = pack().save_pretrained(tmp_path / "p")
    raw = (folder / "directions.safetensors").read_bytes()
    metadata = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])["__metadata__"]
    assert metadata.pop("format") == "sefa-directions"
    config = json.loads((folder / "config.json").read_text())
    assert {
        key: config[key] if isinstance(config[key], str) else json.loads(text) for key, text in metadata.items()
    } == (config)


@pytest.mark.parametrize("case", ["dcgan_tar_32", "rosinality_32", "stylegan2_ada_skip_32", "hf_biggan_deep_32"])
def test_packs_of_real_checkpoints_follow_the_schema(case: str, tmp_path: Path) -> None:
    made = sefa.load(str(_checkpoint(case))).factorize(k=3)
    VALIDATOR.validate(json.loads((made.save_pretrained(tmp_path / "p") / "config.json").read_text()))


def test_the_fingerprint_is_computed_as_the_document_says() -> None:
    gan = sefa.load(str(_checkpoint("rosinality_32")))
    digest = hashlib.sha256()
    for layer in gan.layers:
        matrix = gan.weights.matrix(layer)  # (out, dim)
        digest.update(b"%dx%d;" % matrix.shape)
        digest.update(struct.pack(f"<{matrix.size}f", *matrix.ravel().tolist()))
    assert gan.factorize(k=1).model.fingerprint == digest.hexdigest()


def test_every_field_is_documented() -> None:
    described = set(re.findall(r"^\| `(\w+)`(?:, `(\w+)`)? \|", PAGE, re.MULTILINE))
    names = {name for pair in described for name in pair if name}
    entry = SCHEMA["$defs"]["direction"]["properties"]
    fields = {*SCHEMA["properties"], *SCHEMA["properties"]["model"]["properties"], *entry}
    assert fields <= names
    config = to_config(uneven())
    assert {*config} == {*SCHEMA["properties"]} and {*config["model"]} == {*SCHEMA["properties"]["model"]["properties"]}
    assert {*config["directions"][0]} <= {*entry}


def _checkpoint(case: str) -> Path:
    files = [path for path in (GOLDEN / case).iterdir() if path.suffix not in (".safetensors", ".json", ".md", ".txt")]
    return files[0] if len(files) == 1 else GOLDEN / case / "checkpoint"


# -- packs of other versions and programs


def test_a_pack_of_an_earlier_writer_is_read(tmp_path: Path) -> None:
    """Without offsets, and with a vector that is not of unit length, as they were written at first."""
    folder = pack().save_pretrained(tmp_path)
    arrays = {"vectors": 2 * pack().vectors, "spectrum.0": pack().spectrum}
    _write(folder, arrays)
    np.testing.assert_array_equal(DirectionPack.from_pretrained(folder)[0].vector, 2 * pack()[0].vector)


def test_what_is_unknown_is_ignored_and_what_may_be_missing_is_not_missed(tmp_path: Path) -> None:
    folder = pack().save_pretrained(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config |= {"from_the_future": {"a": 1}}
    config["model"] |= {"height": 3}
    for entry in config["directions"]:
        entry["colour"] = "red"
        del entry["unit"]
    del config["tool"]
    (folder / "config.json").write_text(json.dumps(config))
    _write(folder, {"vectors": pack().vectors, "spectrum.0": pack().spectrum, "moods": np.ones((2, 2), np.int64)})
    assert DirectionPack.from_pretrained(folder) == pack()
    VALIDATOR.validate(config)


def _write(folder: Path, arrays: dict[str, np.ndarray]) -> None:
    shapes = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
    write_safetensors(folder / "directions.safetensors", shapes, arrays.__getitem__, {})


# -- damage


def _config(**change: object) -> Callable[[Path], None]:
    """`model__name="x"` changes config["model"]["name"], `direction__range=1` that of the first direction."""

    def edit(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        for key, value in change.items():
            part, _, inner = key.partition("__")
            place = {"direction": config["directions"][0], "model": config["model"]}[part] if inner else config
            if value is ...:
                del place[inner or part]
            else:
                place[inner or part] = value
        (folder / "config.json").write_text(json.dumps(config))

    return edit


def _text(old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / "config.json").read_text()
        assert old in text
        (folder / "config.json").write_text(text.replace(old, new, 1))

    return edit


def _tensors(**change: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        arrays: dict[str, object] = {"vectors": pack().vectors, "spectrum.0": pack().spectrum}
        arrays |= {name.replace("__", "."): value for name, value in change.items()}
        _write(folder, {name: np.asarray(value) for name, value in arrays.items() if value is not None})

    return edit


def _cut(folder: Path) -> None:
    file = folder / "directions.safetensors"
    file.write_bytes(file.read_bytes()[:-8])


def _pickle(folder: Path) -> None:
    import torch

    torch.save({"vectors": torch.ones(3, 4)}, folder / "directions.safetensors")


def _vectors(row: int, value: float) -> np.ndarray:
    vectors = pack().vectors.copy()
    vectors[row] = value
    return vectors


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "version": (_config(format_version=99), "format version 99 is unknown"),
    "version true": (_config(format_version=True), "format version True is unknown"),
    "version 1.0": (_config(format_version=1.0), "format version 1.0 is unknown"),
    "no version": (_config(format_version=...), "format version None is unknown"),
    "no directions": (_config(directions=[]), "do not belong together"),
    "directions": (_config(directions=[1, 2, 3]), r"directions\[0\] is no JSON object"),
    "dim": (_config(dim=5), "do not belong together"),
    "dim text": (_config(dim="wide"), "dim is 'wide', a whole number belongs there"),
    "dim true": (_config(dim=True), "dim is True"),
    "family": (_config(family=None), "family is None, text belongs there"),
    "rows 0": (_config(num_rows=0), "num_rows 0"),
    "rows 1e9": (_config(num_rows=10**9), "num_rows 1000000000: must be a whole number from 1 to 4096"),
    "rows huge": (_config(num_rows=10**400), "num_rows"),
    "no model": (_config(model=None), "model is None, an object belongs there"),
    "no fingerprint": (_config(model__fingerprint=...), "model.fingerprint is missing"),
    "fingerprint 1": (_config(model__fingerprint=1), "model.fingerprint is 1"),
    "fingerprint empty": (_config(model__fingerprint=""), "fingerprint '': must be a SHA-256"),
    "model name": (_config(model__name="a\x1b[2J"), "control characters"),
    "non_commercial": (_config(model__non_commercial=1), "non_commercial is 1, true or false or null belongs there"),
    "previews": (_config(previews=None), "previews is None, an object belongs there"),
    "previews inf": (_text('"seeds": [', '"x": 1e999, "seeds": ['), "previews"),
    "range [1]": (_config(direction__range=[1]), r"directions\[0\].*range \[1\]: must be two numbers"),
    "range nan": (_text("-3.0", "NaN"), "cannot be read as JSON"),
    "range inf": (_text("-3.0", "-1e999"), "range -inf: must be a finite number"),
    "range text": (_config(direction__range="wide"), "range is 'wide', a list or null belongs there"),
    "range reversed": (_config(direction__range=[3, -3]), "runs backwards"),
    "layers": (_config(direction__layers=[-1]), "layer -1"),
    "layers huge": (_config(direction__layers=[99999]), "layer 99999"),
    "layers text": (_config(direction__layers="all"), "layers is 'all', a list belongs there"),
    "row": (_config(direction__rows=[3]), "rows names 3, the space has rows 0 to 2"),
    "row -1": (_config(direction__rows=[-1]), "rows names -1"),
    "no rows": (_config(direction__rows=[]), "at least one belong"),
    "rows twice": (_config(direction__rows=[0, 0]), "each row once"),
    "row list": (_config(direction__rows=[[0]]), r"rows names \[0\]"),
    "names": (_config(direction__name="age"), "two directions of one pack cannot share it"),
    "name": (_config(direction__name="a\nb"), "printable characters"),
    "name 1": (_config(direction__name=1), "name is 1, text belongs there"),
    "surrogate": (_config(direction__name="\ud800"), "printable characters"),
    "eigenvalue": (_text('"eigenvalue": 2.0', '"eigenvalue": NaN'), "cannot be read as JSON"),
    "eigenvalue inf": (_text('"eigenvalue": 2.0', '"eigenvalue": 1e999'), "eigenvalue inf"),
    "description": (_config(direction__description="\x07"), "control characters"),
    "no name": (_config(direction__name=...), r"directions\[0\].name is missing"),
    "half JSON": (lambda f: (f / "config.json").write_text("{"), "cannot be read as JSON"),
    "deep JSON": (lambda f: (f / "config.json").write_text("[" * 100_000), "cannot be read as JSON"),
    "a list": (lambda f: (f / "config.json").write_text("[1]"), "no JSON object"),
    "latin-1": (lambda f: (f / "config.json").write_bytes(b'{"a": "\xff"}'), "cannot be read as JSON"),
    "no config": (lambda f: (f / "config.json").unlink(), "is not a direction pack"),
    "cut": (_cut, "directions.safetensors"),
    "pickle": (_pickle, "directions.safetensors"),
    "no vectors": (_tensors(vectors=None), "no tensor 'vectors'"),
    "half": (_tensors(vectors=pack().vectors.astype(np.float16)), "'vectors' is float16, not float32"),
    "ints": (_tensors(vectors=np.ones((3, 4), np.int64)), "'vectors' is int64"),
    "vectors inf": (
        _tensors(vectors=_vectors(1, np.inf)),
        "row 1 of tensor 'vectors' holds numbers that are not finite",
    ),
    "vectors zero": (_tensors(vectors=_vectors(2, 0)), "row 2 of tensor 'vectors' has length zero"),
    "spectrum nan": (_tensors(spectrum__0=np.array([1.0, np.nan])), "'spectrum.0' is no list of finite numbers"),
    "spectrum square": (_tensors(spectrum__0=np.ones((2, 2))), "'spectrum.0' is no list"),
    "spectrum float32": (_tensors(spectrum__0=np.ones(4, np.float32)), "'spectrum.0' is float32, not float64"),
    "offsets shape": (
        _tensors(offsets__0=np.ones((2, 4), np.float32)),
        r"'offsets.0' has shape \(2, 4\), not \(3, 4\)",
    ),
    "offsets rows": (_tensors(offsets__0=np.ones((3, 4), np.float32)), r"'offsets.0' moves rows \[0, 1, 2\]"),
    "offsets nan": (
        _tensors(offsets__0=np.array([[np.nan] * 4, [0] * 4, [0] * 4], np.float32)),
        r"directions\[0\].*offsets hold numbers that are not finite",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_pack_is_one_clear_line(tmp_path: Path, case: str) -> None:
    damage, message = DAMAGE[case]
    folder = pack().save_pretrained(tmp_path / "mine")
    damage(folder)
    with pytest.raises(sefa.SefaError, match=message) as caught:
        DirectionPack.from_pretrained(folder)
    text = str(caught.value)
    assert "\n" not in text and text.startswith(str(folder)) and text.isprintable() and len(text) < 500


def test_many_rows_of_many_directions_are_refused_before_they_are_made(tmp_path: Path) -> None:
    folder = pack().save_pretrained(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    entry = {**config["directions"][1], "rows": list(range(3))}
    (folder / "config.json").write_text(json.dumps({**config, "num_rows": 4096, "directions": [entry] * 9000}))
    _write(folder, {"vectors": np.ones((9000, 4), np.float32)})
    with pytest.raises(sefa.SefaError, match="make it of fewer directions"):
        DirectionPack.from_pretrained(folder)


def test_a_direction_without_its_spectrum_is_whole_but_has_no_share(tmp_path: Path) -> None:
    folder = pack().save_pretrained(tmp_path)
    _tensors(spectrum__0=None)(folder)
    read = DirectionPack.from_pretrained(folder)
    assert read.spectra == {} and read.share(read[0]) is None and read[0].eigenvalue == 2.0


def test_a_file_of_a_pack_and_other_files_are_explained(tmp_path: Path) -> None:
    folder = pack().save_pretrained(tmp_path / "p")
    (tmp_path / "x.txt").write_text("")
    for path, message in (
        (folder / "config.json", "is a file inside a pack; give its folder"),
        (folder / "directions.safetensors", "is a file inside a pack; give its folder"),
        (tmp_path / "x.txt", "is a file; a pack is a folder"),
        (tmp_path, "is not a direction pack"),
        (tmp_path / "nowhere", "no such folder"),
    ):
        with pytest.raises(sefa.SefaError, match=message):
            DirectionPack.from_pretrained(path)


VALUES = [
    None,
    True,
    -1,
    0,
    1,
    3,
    99,
    10**9,
    10**400,
    0.5,
    1e999,
    float("nan"),
    "",
    "x",
    "\x1b",
    "a=b",
    [],
    [1],
    {},
    ["a"],
]


def _damaged_config(text: str, chance: random.Random) -> str:
    """The JSON text with one value replaced, removed or repeated somewhere, or with damaged characters."""
    if chance.random() < 0.3:
        place = chance.randrange(len(text))
        return (
            text[:place]
            + chance.choice(["", "\x00", "9", '"', "}", ",", "\ud83d"])
            + text[place + chance.randrange(4) :]
        )
    config = json.loads(text)
    holder = config
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = chance.choice(keys)
        if not isinstance(holder[key], dict | list) or not holder[key] or chance.random() < 0.3:
            break
        holder = holder[key]
    if chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(VALUES)
    return json.dumps(config)


def _damaged_bytes(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.choice([1, 1, 4, 16])):
        if chance.random() < 0.15 and len(changed) > 1:
            del changed[chance.randrange(len(changed)) :]
        elif changed:
            changed[chance.randrange(len(changed))] = chance.choice([0, 0x7F, 0x80, 0xFF, chance.randrange(256)])
    return bytes(changed)


def test_hundreds_of_damaged_packs_load_or_are_refused_in_one_line(tmp_path: Path) -> None:
    folder = uneven().named({0: "smile"}).save_pretrained(tmp_path / "p")
    config, tensors = (folder / "config.json").read_text(), (folder / "directions.safetensors").read_bytes()
    outcomes = {"read": 0, "refused": 0}
    for seed in range(600):
        chance = random.Random(seed)
        text, raw = config, tensors
        if seed % 3 != 2:
            text = _damaged_config(config, chance)
        if seed % 3:
            raw = _damaged_bytes(tensors, chance)
        (folder / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
        (folder / "directions.safetensors").write_bytes(raw)
        try:
            read = DirectionPack.from_pretrained(folder)
        except sefa.SefaError as problem:
            outcomes["refused"] += 1
            assert "\n" not in str(problem) and str(problem).startswith(str(folder)), seed
            continue
        outcomes["read"] += 1
        assert DirectionPack.from_pretrained(read.save_pretrained(tmp_path / "again")) == read, seed
        VALIDATOR.validate(json.loads((tmp_path / "again" / "config.json").read_text()))
    assert min(outcomes.values()) > 30, outcomes


def test_show_explains_a_file_of_a_pack(tmp_path: Path) -> None:
    folder = pack().save_pretrained(tmp_path / "p")
    process = subprocess.run(
        [sys.executable, "-m", "sefa_core", "show", str(folder / "config.json")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 1 and "is a file inside a pack; give its folder" in process.stderr

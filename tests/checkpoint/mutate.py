"""How can a checkpoint be damaged so that most of its form still holds? By changes that know how files are made."""

from __future__ import annotations

import io
import json
import pickletools
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from .build import MAGIC, name, number, text

Mutant = Callable[[random.Random], bytes]

PIECES = [b"\xff" * 4, b"\x00" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x00\x00\x00\x80", b".", b"(", b"0", b"R", b"Q"]
NUMBERS = [0, 1, -1, 2, 3, 7, 255, 2**31 - 1, 2**31, 2**40, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63)]
TEXTS = ["", "weight", "0", "a.b", "\x1b[2J", "x" * 700, "_modules", "variables", "state", "G_ema", "\U0001f600"]
WEIGHTS = {"text": 5, "number": 6, "global": 2, "bytes": 2, "memo": 0.3, "other": 0.3}
"""How often an opcode of each kind is changed: names, shapes and types lead further into a reader than broken form."""
STORAGES = ["FloatStorage", "HalfStorage", "DoubleStorage", "LongStorage", "IntStorage", "ByteStorage", "BoolStorage"]
CODES = ["f4", "f8", "f2", "i8", "i4", "u4", "u1", "b1", "O8", "U4", "c16"]
HOSTILE = [("os", "system"), ("builtins", "eval"), ("torch", "load"), ("numpy", "ndarray"), ("unknown", "Thing")]
HEADER_VALUES = [None, [], {}, "F32", "F16", "I64", -1, 0, 1.5, 2**40, 2**63, [2**33, 2**33], [0], "x", True, [[]]]


def mutant_of(path: Path) -> Mutant:
    """A function that makes one damaged version of the file at a time."""
    data = path.read_bytes()
    if data.startswith(b"PK"):
        return _zip(data)
    if data[8:9] == b"{":
        return lambda dice: _header(data, dice)
    if MAGIC[2:12] in data[:40]:
        return _legacy(data)
    return _Pickle(data)


def scramble(data: bytes, dice: random.Random) -> bytes:
    """Changes that know nothing: bits, bytes, pieces that are cut out, copied or replaced, a cut end."""
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 5])):
        at = dice.randrange(max(len(changed), 1))
        match dice.randrange(7):
            case 0:
                changed[at : at + 1] = bytes(byte ^ 1 << dice.randrange(8) for byte in changed[at : at + 1])
            case 1:
                changed[at : at + 1] = dice.randbytes(1)
            case 2:
                piece = dice.choice(PIECES)
                changed[at : at + len(piece)] = piece
            case 3:
                del changed[at : at + dice.randrange(1, 30)]
            case 4:
                other = dice.randrange(max(len(changed), 1))
                changed[at:at] = changed[other : other + dice.randrange(1, 60)]
            case 5:
                changed[at : at + 1] = dice.randbytes(dice.randrange(1, 9))
            case _:
                del changed[max(at, 1) :]
    return bytes(changed)


class _Op(NamedTuple):
    name: str
    argument: Any
    start: int
    end: int


class _Pickle:
    """Damages a pickle opcode by opcode."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        found = list(pickletools.genops(data))
        ends = [*(at or 0 for _, _, at in found[1:]), found[-1][2] + 1]
        self.end = ends[-1]
        self._ops = [_Op(op.name, arg, at or 0, end) for (op, arg, at), end in zip(found, ends, strict=True)]
        self._kinds: dict[str, list[_Op]] = {}
        for op in self._ops:
            self._kinds.setdefault(_kind(op), []).append(op)
        self._streams: dict[int, Mutant] = {}

    def __call__(self, dice: random.Random) -> bytes:
        edits: dict[int, tuple[int, bytes]] = {}
        for _ in range(dice.choice([1, 1, 1, 2, 4])):
            start, end, new = self._edit(dice)
            edits[start] = (end, new)
        data, last = b"", 0
        for start, (end, new) in sorted(edits.items()):
            if start >= last:
                data += self._data[last:start] + new
                last = end
        data += self._data[last:]
        return data[: dice.choice(self._ops).start + dice.randrange(2)] if dice.random() < 0.04 else data

    def _edit(self, dice: random.Random) -> tuple[int, int, bytes]:
        """A part of the pickle, and what to put in its place."""
        (kind,) = dice.choices(list(self._kinds), [WEIGHTS[kind] for kind in self._kinds])
        op = dice.choice(self._kinds[kind])
        if dice.random() < 0.1:  # whatever the opcode is
            index = dice.randrange(len(self._ops))
            op, last = self._ops[index], self._ops[min(index + dice.randrange(6), len(self._ops) - 1)]
            whole = self._data[op.start : last.end] if last.end - op.start < 10_000 else b""
            other = dice.choice(self._ops)
            replaced = self._data[other.start : other.end]
            return dice.choice([(op.start, last.end, b""), (op.start, op.start, whole), (op.start, op.end, replaced)])
        return op.start, op.end, self._replaced(op, dice)

    def _replaced(self, op: _Op, dice: random.Random) -> bytes:
        old, alike = self._data[op.start : op.end], dice.choice(self._kinds[_kind(op)])
        match _kind(op):
            case "number" if dice.random() < 0.5:
                near = [op.argument + 1, op.argument - 1, op.argument * 2, op.argument // 2]
                return number(dice.choice(near if dice.random() < 0.6 else NUMBERS))
            case "text" if dice.random() < 0.4:
                if op.argument.endswith("Storage"):
                    return text(dice.choice(STORAGES))
                return text(dice.choice(CODES if op.argument in CODES else TEXTS))
            case "global":
                module, _, attribute = op.argument.partition(" ")
                if attribute.endswith("Storage") and dice.random() < 0.8:
                    return name(module, dice.choice(STORAGES))
                return name(*dice.choice(HOSTILE)) if dice.random() < 0.3 else self._data[alike.start : alike.end]
            case "bytes":
                return self._payload(op, dice)
            case "other":
                return scramble(old, dice)
        return self._data[alike.start : alike.end]  # tensors, shapes, names and types are exchanged

    def _payload(self, op: _Op, dice: random.Random) -> bytes:
        """Bytes with a wrong length, or with a damaged stream of torch inside."""
        content: bytes = op.argument
        match dice.randrange(4):
            case 0:
                length = max(0, len(content) + dice.choice([-4, -1, 1, 4, 1000, 2**31]))
                return b"B" + struct.pack("<I", min(length, 2**32 - 1)) + content
            case 1:
                content = content[: dice.randrange(len(content) + 1)]
            case 2 if MAGIC[2:12] in content[:40]:
                if op.start not in self._streams:
                    self._streams[op.start] = _legacy(content)
                content = self._streams[op.start](dice)
            case _:
                content = content + bytes(dice.randrange(1, 9))
        return b"B" + struct.pack("<I", len(content)) + content


def _kind(op: _Op) -> str:
    if isinstance(op.argument, bool):
        return "other"
    if op.name in ("GLOBAL", "INST"):
        return "global"
    if "GET" in op.name or "PUT" in op.name or op.name == "MEMOIZE":
        return "memo"
    if isinstance(op.argument, int) and op.name not in ("FRAME", "PROTO"):
        return "number"
    if isinstance(op.argument, str):
        return "text"
    return "bytes" if isinstance(op.argument, bytes) and "LONG" not in op.name else "other"


def _legacy(data: bytes) -> Mutant:
    """A stream of torch.save before 1.6: the fourth of its five pickles says what there is."""
    pieces, at = [], 0
    for _ in range(5):
        stream = io.BytesIO(data[at:])
        for _ in pickletools.genops(stream):
            pass
        pieces.append(data[at : at + stream.tell()])
        at += stream.tell()
    rest, main, keys = data[at:], _Pickle(pieces[3]), _Pickle(pieces[4])

    def mutant(dice: random.Random) -> bytes:
        chance = dice.random()
        if chance < 0.1:
            return scramble(data[:at], dice) + rest
        if chance < 0.2:  # the numbers of elements stand between the storages
            return data[:at] + scramble(rest[:200], dice) + rest[200:]
        changed = [*pieces[:3], pieces[3], keys(dice)] if chance < 0.3 else [*pieces[:3], main(dice), pieces[4]]
        return b"".join(changed) + rest

    return mutant


def _zip(data: bytes) -> Mutant:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        records = {entry: archive.read(entry) for entry in archive.namelist()}
    pickled = next((entry for entry in records if entry.endswith("data.pkl")), None)
    main = _Pickle(records[pickled]) if pickled else None
    directory = data.index(b"PK\x01\x02")

    def mutant(dice: random.Random) -> bytes:
        chance = dice.random()
        if chance < 0.15 or main is None or pickled is None:
            return data[:directory] + scramble(data[directory:], dice)
        changed = dict(records)
        if chance < 0.25:
            one, other = dice.choice(list(changed)), dice.choice(list(changed))
            changed[one], changed[other] = changed[other], changed[one]
        elif chance < 0.3:
            del changed[dice.choice(list(changed))]
        else:
            changed[pickled] = main(dice)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for entry, content in changed.items():
                archive.writestr(zipfile.ZipInfo(entry), content)
        return buffer.getvalue()

    return mutant


def _header(data: bytes, dice: random.Random) -> bytes:
    """The header of a safetensors file, entry by entry."""
    (size,) = struct.unpack_from("<Q", data)
    if dice.random() < 0.2:
        return scramble(data[: 8 + size], dice) + data[8 + size :]
    header = json.loads(data[8 : 8 + size])
    for _ in range(dice.choice([1, 1, 2])):
        entries = [entry for entry in header if entry != "__metadata__"]
        one, other = dice.choice(entries), dice.choice(entries)
        field = dice.choice(["dtype", "shape", "data_offsets", None])
        match dice.randrange(4), field:
            case 0, str():
                header[one][field] = dice.choice(HEADER_VALUES)
            case 1, str():
                header[one][field], header[other][field] = header[other][field], header[one][field]
            case 2, _:
                header[dice.choice(TEXTS)] = header.pop(one)
            case _:
                header[one], header[other] = header[other], header[one]
    changed = json.dumps(header).encode()
    return struct.pack("<Q", len(changed)) + changed + data[8 + size :]

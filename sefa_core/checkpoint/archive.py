"""Which records does a zip archive have, and where do their bytes lie? Only disjoint records pass.

Records are left where they are. Compressed ones are read only by those who ask for them, and never in one piece.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from sefa_core.checkpoint.deflated import Deflated
from sefa_core.checkpoint.source import MalformedError, Source, shown

_MAX_DIRECTORY = 8 * 2**20  # some 80 000 storages
_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENTRY, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF  # "see the 64-bit field"


@dataclass(frozen=True, slots=True)
class Record:
    """One file of the archive; `header` is where its local header begins, `limit` where the next thing does."""

    name: str
    header: int
    size: int
    packed: int
    method: int
    limit: int = 0


class Archive:
    """The records of a zip archive by name."""

    def __init__(self, source: Source) -> None:
        self._source = source
        offset, size, count = _find_directory(source)
        records = sorted(_parse_directory(source.read(offset, size), count), key=lambda record: record.header)
        # Each record ends before the next begins, and the last one before the directory: none overlap.
        limits = [*(record.header for record in records), offset][1:]
        for record, limit in zip(records, limits, strict=True):
            if record.header + 30 + record.packed > limit:
                raise MalformedError(f"the records of its zip archive overlap at {shown(record.name)}")
        self._records = {
            record.name: replace(record, limit=limit) for record, limit in zip(records, limits, strict=True)
        }
        if len(self._records) != len(records):
            raise MalformedError("its zip archive holds two records of the same name")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._records)

    def open(self, name: str) -> Source:
        """The bytes of a record, left where they are."""
        record = self._record(name)
        if record.method != _STORED:
            raise MalformedError(
                f"record {shown(name)} is compressed, which torch never does",
                "save the checkpoint again with torch.save, or get the original file",
            )
        return self._bytes(record)

    def open_packed(self, name: str) -> Source | Deflated:
        """The bytes of a record that may be compressed."""
        record = self._record(name)
        if record.method == _STORED:
            return self._bytes(record)
        if record.method != _DEFLATED:
            raise MalformedError(
                f"record {shown(name)} is compressed in an unusual way", "save it again with numpy.savez"
            )
        return Deflated(self._bytes(record), record.size)

    def _record(self, name: str) -> Record:
        record = self._records.get(name)
        if record is None:
            raise MalformedError(f"its zip archive has no record {shown(name)}")
        return record

    def _bytes(self, record: Record) -> Source:
        local = self._source.read(record.header, 30)
        if local[:4] != _LOCAL:
            raise MalformedError(f"record {shown(record.name)} is not where its zip archive says")
        # The local header has a name and padding of its own length, often another than in the directory.
        name_size, extra_size = struct.unpack_from("<HH", local, 26)
        begin = record.header + 30 + name_size + extra_size
        if begin + record.packed > record.limit:
            raise MalformedError(f"record {shown(record.name)} reaches into what follows it in the zip archive")
        return self._source.part(begin, record.packed)


def _find_directory(source: Source) -> tuple[int, int, int]:
    """Offset, size and number of entries of the central directory."""
    tail_at = max(0, source.size - 22 - _FULL16)
    tail = source.read(tail_at, source.size - tail_at)
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < 22:
        raise MalformedError("its zip archive has no directory at the end, so it is cut off")
    count, size, offset = struct.unpack_from("<HII", tail, end + 10)
    end_at = tail_at + end
    if end_at >= 20 and (locator := source.read(end_at - 20, 20))[:4] == _LOCATOR64:
        (end_at,) = struct.unpack_from("<Q", locator, 8)
        end64 = source.read(end_at, 56)
        if end64[:4] != _END64:
            raise MalformedError("the directory of its zip archive is not where it says")
        count, size, offset = struct.unpack_from("<QQQ", end64, 32)
    if size > _MAX_DIRECTORY or offset + size > end_at:
        raise MalformedError("the directory of its zip archive does not fit into the file")
    return offset, size, count


def _parse_directory(data: bytearray, count: int) -> list[Record]:
    records, at = [], 0
    for _ in range(count):
        if data[at : at + 4] != _ENTRY or len(data) < at + 46:
            raise MalformedError("the directory of its zip archive is corrupt")
        flags, method = struct.unpack_from("<HH", data, at + 8)
        packed, size, name_size, extra_size, comment_size = struct.unpack_from("<IIHHH", data, at + 20)
        (header,) = struct.unpack_from("<I", data, at + 42)
        after_name = at + 46 + name_size
        after_extra = after_name + extra_size
        try:
            name = data[at + 46 : after_name].decode("utf-8")
            size, packed, header = _wide(data[after_name:after_extra], size, packed, header)
        except (UnicodeDecodeError, struct.error):
            raise MalformedError("the directory of its zip archive is corrupt") from None
        if flags & 1:
            raise MalformedError("its zip archive is encrypted", "unpack it and give the checkpoint inside")
        if method == _STORED and size != packed:
            raise MalformedError(f"record {shown(name)} of its zip archive has two sizes")
        records.append(Record(name, header, size, packed, method))
        at = after_extra + comment_size
    return records


def _wide(extra: bytearray, *fields: int) -> list[int]:
    """Fields that are all ones stand for 64-bit values in the extra field 1, in the order of the arguments."""
    wide, at = bytearray(), 0
    while at + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            wide = extra[at + 4 : at + 4 + size]
        at += 4 + size
    values, at = [], 0
    for value in fields:
        if value == _FULL32:
            (value,) = struct.unpack_from("<Q", wide, at)
            at += 8
        values.append(value)
    return values

"""FlatGeobuf 3 without an index, made feature by feature.

PostGIS 3.3 makes the format too, but gives the values that follow an unknown one to the wrong columns.
A buffer is written forward: a table's fields come first, what they point to after it.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from registry.domain.ogc.catalogue import Collection
from registry.domain.ogc.file_note import FileNote

MAGIC = bytes.fromhex("6667620366676200")
LONG, DOUBLE, STRING, DATETIME = 7, 10, 11, 13
COLUMN_TYPES = {"string": STRING, "integer": LONG, "number": DOUBLE, "strings": STRING}
COLUMN_TYPES |= {"date": STRING, "date-time": DATETIME}
UNKNOWN, POINT, LINE, POLYGON, LINES, MULTIPOLYGON = 0, 1, 2, 3, 5, 6
GEOMETRY_TYPES = {"point": POINT, "polygon": POLYGON, "areas": MULTIPOLYGON, "any": UNKNOWN, "none": UNKNOWN}
WGS84 = 4326

Field = tuple[int, str, Any]
"""Place in the table, how it is packed, value; `->` leaves room for a pointer to what follows."""


class _Buffer:
    """Bytes with tables whose pointers are filled in when their targets are written."""

    def __init__(self) -> None:
        self.bytes = bytearray(4)

    def align(self, size: int, after: int = 0) -> int:
        """Pad so that what is written `after` bytes later lies on a multiple of `size`."""
        self.bytes += bytes(-(len(self.bytes) + after) % size)
        return len(self.bytes)

    def point(self, field: int) -> None:
        """Make the pointer at `field` lead to here."""
        struct.pack_into("<I", self.bytes, field, len(self.bytes) - field)

    def table(self, fields: Sequence[Field], pointer: int) -> dict[int, int]:
        """A table that `pointer` leads to; where its own pointers are, by the place of their field."""
        ordered = sorted(fields, key=lambda field: -struct.calcsize("<" + field[1].replace("->", "I")))
        last = max(place for place, _, _ in fields)
        vtable = self.align(2)
        size = 4 + 2 * (last + 1)
        start = vtable + size + (-(vtable + size + 4) % 8)
        self.bytes += bytes(start - vtable)
        self.point(pointer)
        self.bytes += struct.pack("<i", start - vtable)
        room: dict[int, int] = {}
        for place, kind, value in ordered:
            room[place] = len(self.bytes)
            self.bytes += struct.pack("<I", 0) if kind == "->" else struct.pack("<" + kind, value)
        table_size = len(self.bytes) - start
        struct.pack_into("<HH", self.bytes, vtable, size, table_size)
        for place, at in room.items():
            struct.pack_into("<H", self.bytes, vtable + 4 + 2 * place, at - start)
        return room

    def vector(self, pointer: int, count: int, raw: bytes, width: int = 4) -> None:
        """A vector of `count` elements of at most `width` bytes."""
        self.align(4)
        self.align(max(4, width), after=4)
        self.point(pointer)
        self.bytes += struct.pack("<I", count) + raw

    def text(self, pointer: int, value: str) -> None:
        """A string with its closing zero."""
        raw = value.encode()
        self.vector(pointer, len(raw), raw + b"\0")

    def pointers(self, pointer: int, count: int) -> list[int]:
        """A vector of pointers; where they are."""
        self.vector(pointer, count, bytes(4 * count))
        first = len(self.bytes) - 4 * count
        return [first + 4 * n for n in range(count)]

    def finished(self) -> bytes:
        """The buffer with its size before it."""
        self.align(8)
        return struct.pack("<I", len(self.bytes)) + bytes(self.bytes)


def header(note: FileNote, count: int) -> bytes:
    """The beginning of a file of `count` features, whose columns are the identity and the flat properties."""
    buffer, described = _Buffer(), note.described
    kind = GEOMETRY_TYPES[described.geometry]
    fields: list[Field] = [(0, "->", None), (2, "B", kind), (7, "->", None), (8, "Q", count), (9, "H", 0)]
    room = buffer.table([*fields, *((place, "->", None) for place in (10, 11, 12, 13))], 0)
    buffer.text(room[0], described.id)
    buffer.text(room[11], described.title)
    buffer.text(room[12], note.text())
    buffer.text(room[13], msgspec.json.encode(note.members()).decode())
    crs = buffer.table([(0, "->", None), (1, "i", WGS84)], room[10])
    buffer.text(crs[0], "EPSG")
    columns = [("id", STRING, "Identity · 标识")]
    columns += [(i.name, COLUMN_TYPES[i.type], f"{i.en} · {i.zh}") for i in described.properties]
    for pointer, (name, code, title) in zip(buffer.pointers(room[7], len(columns)), columns, strict=True):
        column = buffer.table([(0, "->", None), (1, "B", code), (2, "->", None)], pointer)
        buffer.text(column[0], name)
        buffer.text(column[2], title)
    return MAGIC + buffer.finished()


def features(described: Collection, rows: Iterable[Sequence[Any]]) -> bytes:
    """Features of rows that hold the identity, the flat properties and the geometry as little-endian WKB."""
    codes = [STRING, *(COLUMN_TYPES[item.type] for item in described.properties)]
    return b"".join(_feature(row[:-1], codes, row[-1]) for row in rows)


def _feature(values: Sequence[Any], codes: Sequence[int], wkb: bytes | None) -> bytes:
    buffer = _Buffer()
    fields: list[Field] = [(1, "->", None)]
    if wkb is not None:
        fields.append((0, "->", None))
    room = buffer.table(fields, 0)
    if wkb is not None:
        _geometry(buffer, room[0], bytes(wkb), 0)
    packed = b"".join(
        _value(n, code, value) for n, (code, value) in enumerate(zip(codes, values, strict=True))
    )
    buffer.vector(room[1], len(packed), packed)
    return buffer.finished()


def _value(column: int, code: int, value: Any) -> bytes:
    if value is None:
        return b""
    if code == LONG:
        return struct.pack("<Hq", column, value)
    if code == DOUBLE:
        return struct.pack("<Hd", column, float(value))
    raw = str(value).encode()
    return struct.pack("<HI", column, len(raw)) + raw


def _geometry(buffer: _Buffer, pointer: int, wkb: bytes, at: int) -> int:
    """Write the geometry at `at` in the WKB; where it ends there."""
    (kind,) = struct.unpack_from("<I", wkb, at + 1)
    at += 5
    if kind == POINT:
        room = buffer.table([(1, "->", None), (6, "B", kind)], pointer)
        buffer.vector(room[1], 2, wkb[at : at + 16], 8)
        return at + 16
    (count,) = struct.unpack_from("<I", wkb, at)
    at += 4
    if kind == LINE:
        return _rings(buffer, pointer, wkb, at - 4, (kind, 1, 0))
    if kind in (POLYGON, LINES):
        return _rings(buffer, pointer, wkb, at, (kind, count, 0 if kind == POLYGON else 5))
    room = buffer.table([(6, "B", kind), (7, "->", None)], pointer)
    for part in buffer.pointers(room[7], count):
        at = _geometry(buffer, part, wkb, at)
    return at


def _rings(buffer: _Buffer, pointer: int, wkb: bytes, at: int, shape: tuple[int, int, int]) -> int:
    """Lines or rings with their ends; each may have a head of its own to be skipped."""
    kind, rings, head = shape
    positions, ends, raw = 0, [], []
    for _ in range(rings):
        at += head
        (count,) = struct.unpack_from("<I", wkb, at)
        raw.append(wkb[at + 4 : at + 4 + 16 * count])
        at, positions = at + 4 + 16 * count, positions + count
        ends.append(positions)
    room = buffer.table([(0, "->", None), (1, "->", None), (6, "B", kind)], pointer)
    buffer.vector(room[0], rings, struct.pack(f"<{rings}I", *ends))
    buffer.vector(room[1], 2 * positions, b"".join(raw), 8)
    return at

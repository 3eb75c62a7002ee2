"""Rendered rows with holes: a record is rendered once, and a row made of it by putting in what differs."""

import re
import struct
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from registry.domain.geojson import Point
from registry.domain.records.resource import Resource
from registry.store.records import resource_row

MARK_ID = UUID("11111111-1111-7111-8111-111111111111")
MARK_POINT = Point((11.1111111, 22.2222222))
MARKS = {
    str(MARK_ID): "id",
    '"¤place¤"': "place_json",
    "¤place¤": "place",
    "¤zh¤": "zh",
    "¤en¤": "en",
    "¤key¤": "search_key",
    (resource_row.point_wkb(MARK_POINT) or b"").hex(): "wkb",
    "11.1111111,22.2222222": "lonlat",
}
_SPLIT = re.compile("|".join(f"({re.escape(mark)})" for mark in sorted(MARKS, key=len, reverse=True)))


class Prototype(NamedTuple):
    """The rows of a rendered record, its own and the flat one, cut at the marks; its stock lines."""

    row: "CutText"
    flat: "CutText"
    stock: list[str]

    @classmethod
    def of(cls, record: Resource) -> "Prototype":
        """The prototype of a record that carries every mark."""
        row = resource_row.row_of(record, "generator") | {"search_key": "¤key¤"}
        flat = copy_line(resource_row.flat_row(record))
        stock = [copy_line(line) for line in resource_row.stock_rows(record)]
        return cls(CutText.of(copy_line(row)), CutText.of(flat), stock)


class CutText(NamedTuple):
    """A text cut at the marks: text, name of what goes in, text, …"""

    parts: list[str]
    holes: list[tuple[int, str]]

    @classmethod
    def of(cls, text: str) -> "CutText":
        """The text with holes where it has marks."""
        parts = [part for part in _SPLIT.split(text) if part is not None]
        return cls(parts, [(n, MARKS[part]) for n, part in enumerate(parts) if part in MARKS])

    def filled(self, values: dict[str, str]) -> str:
        """The text with these values in its holes."""
        parts = self.parts.copy()
        for n, name in self.holes:
            parts[n] = values[name]
        return "".join(parts)


def identities(rng: np.random.Generator, now_ms: int, count: int) -> list[str]:
    """Identities of version 7 whose time grows slowly through the chunk."""
    noise = rng.bytes(count * 10).hex()
    found = []
    for n in range(count):
        stamp = f"{now_ms + n // 100:012x}"
        tail = noise[n * 20 : n * 20 + 20]
        found.append(f"{stamp[:8]}-{stamp[8:]}-7{tail[:3]}-{'89ab'[n & 3]}{tail[3:6]}-{tail[6:18]}")
    return found


def wkb(lon: Sequence[float], lat: Sequence[float]) -> list[str]:
    """The points as hexadecimal EWKB."""
    head = (resource_row.point_wkb(Point((0.0, 0.0))) or b"").hex()[:18]
    return [head + struct.pack("<dd", x, y).hex() for x, y in zip(lon, lat, strict=True)]


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_line(values: dict[str, Any]) -> str:
    """One row in PostgreSQL's COPY text format, columns in the order of `values`."""
    return "\t".join(_text(value) for value in values.values()) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return "{" + ",".join(f'"{item}"' for item in value) + "}"
    return str(value).translate(_ESCAPES)

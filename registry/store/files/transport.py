"""Sheets as bytes: between processes, and as they are kept beside their file."""

import zlib
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec.msgpack import Ext

from registry.domain.intake.files.sheet import Cell, Sheet, Workbook

AT_ONCE = 1_000
"""Rows that are read together: all texts of a long sheet at once take hundreds of megabytes."""
MOST_SHARED = 50_000
"""Different texts of a sheet that are held once, however many cells have them."""
DAY, INSTANT = 1, 2
"""Extension types of cells that MessagePack would turn into texts."""


def pack(workbook: Workbook) -> bytes:
    """A workbook as compressed MessagePack."""
    sheets = [
        {name: getattr(sheet, name) for name in Sheet.__struct_fields__ if name != "rows"}
        | {"rows": [_part(sheet.rows[at : at + AT_ONCE]) for at in range(0, len(sheet.rows), AT_ONCE)]}
        for sheet in workbook.sheets
    ]
    whole = {name: getattr(workbook, name) for name in Workbook.__struct_fields__} | {"sheets": sheets}
    return zlib.compress(msgspec.msgpack.encode(whole), 1)


def unpack(content: bytes) -> Workbook:
    """The workbook that `pack` made bytes of."""
    whole: dict[str, Any] = msgspec.msgpack.decode(zlib.decompress(content), ext_hook=_unpacked)
    sheets = [
        Sheet(
            **sheet
            | {
                "rows": _rows(sheet["rows"]),
                "merges": [tuple(merge) for merge in sheet["merges"]],
                "uncalculated": [tuple(cell) for cell in sheet["uncalculated"]],
            }
        )
        for sheet in whole["sheets"]
    ]
    return Workbook(**whole | {"sheets": sheets})


def _part(rows: list[list[Cell]]) -> bytes:
    return msgspec.msgpack.encode([[_packed(cell) for cell in row] for row in rows])


def _rows(parts: list[Any]) -> list[list[Cell]]:
    """The rows, whose equal texts are one text: towns, levels and dates repeat a hundred thousand times.

    A release before packed the rows themselves.
    """
    known: dict[str, str] = {}
    rows: list[list[Cell]] = []
    for part in parts:
        fresh = msgspec.msgpack.decode(part, ext_hook=_unpacked) if isinstance(part, bytes) else [part]
        for row in fresh:
            _share(row, known)
        rows += fresh
    return rows


def _share(row: list[Cell], known: dict[str, str]) -> None:
    """Put the text that is known already in the place of an equal one."""
    for index, cell in enumerate(row):
        if type(cell) is not str:
            continue
        if (same := known.get(cell)) is not None:
            row[index] = same
        elif len(known) < MOST_SHARED:
            known[cell] = cell


def _packed(cell: Cell) -> Any:
    if isinstance(cell, datetime):
        return Ext(INSTANT, cell.isoformat().encode())
    return Ext(DAY, cell.isoformat().encode()) if isinstance(cell, date) else cell


def _unpacked(code: int, data: memoryview) -> Cell:
    text = bytes(data).decode()
    return datetime.fromisoformat(text) if code == INSTANT else date.fromisoformat(text)

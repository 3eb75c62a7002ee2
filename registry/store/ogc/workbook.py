"""A workbook of a collection for offices: Chinese headings, words beside codes, dates that are dates."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import xlsxwriter

from registry.domain.intake.files.drill import first_row
from registry.domain.intake.files.header_words import LABELS
from registry.domain.ogc.catalogue import Collection, Property
from registry.domain.ogc.file_note import FileNote
from registry.store.database.pool import Reader
from registry.store.database.query import Query
from registry.store.schema.records import place

OPTIONS = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}
"""Rows go to a file as they come, and a text never becomes a formula, a link or a number."""
MOST_ROWS = 1_048_000
PLACES = Query(sa.select(place.c.code, sa.func.coalesce(place.c.name_zh, place.c.name_en).label("name")))
DAY, INSTANT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"


async def place_names(reader: Reader) -> dict[str, str]:
    """The name of every place."""
    return {row["code"]: row["name"] for row in await reader.rows(PLACES, {})}


class CollectionWorkbook:
    """One collection's workbook; `write` may be called from any one thread at a time."""

    def __init__(self, path: Path, note: FileNote, zone: tzinfo, places: Mapping[str, str]) -> None:
        described = note.described
        self._zone, self._places = zone, places
        self._book = xlsxwriter.Workbook(str(path), OPTIONS)
        about = self._book.add_worksheet("说明")
        for number, line in enumerate(note.lines()):
            about.write_row(number, 0, line)
        about.set_column(0, 1, 40)
        self._sheet = self._book.add_worksheet(described.zh[:31])
        self._sheet.activate()
        self._columns = [*described.properties]
        self._is_drawn = described.is_drawn
        self._day, self._instant = (self._book.add_format({"num_format": form}) for form in (DAY, INSTANT))
        self._row = 0
        if note.exercise is not None:
            self._sheet.set_header(f"&C&B{first_row(note.exercise)}")
            self._line([first_row(note.exercise)])
        bold = self._book.add_format({"bold": True, "text_wrap": True, "bg_color": "#ddebf7"})
        self._head = self._row
        for column, text in enumerate(self._headings(described)):
            self._sheet.write_string(self._row, column, text, bold)
        self._row += 1

    def _headings(self, described: Collection) -> list[str]:
        spot = ["经度", "纬度"] if described.is_drawn else []
        titles = [f"{item.zh}（{item.unit}）" if item.unit else item.zh for item in self._columns]
        words = [
            [title, f"{title}名称"] if self._has_words(item) else [title]
            for item, title in zip(self._columns, titles, strict=True)
        ]
        return ["编号", *spot, *(one for some in words for one in some)]

    def _has_words(self, item: Property) -> bool:
        return "place" in item.subjects or bool(item.values)

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows: identity, longitude and latitude where it is drawn, flat properties."""
        for row in rows:
            if self._row >= MOST_ROWS:
                raise ValueError("a worksheet cannot hold more rows")
            first = 3 if self._is_drawn else 1
            cells: list[Any] = list(row[:first])
            for item, value in zip(self._columns, row[first:], strict=True):
                cells += [
                    self._cell(item, value),
                    *([self._word(item, value)] if self._has_words(item) else []),
                ]
            self._line(cells)

    def _cell(self, item: Property, value: Any) -> Any:
        if value is None or item.type not in ("date", "date-time"):
            return value
        if item.type == "date":
            return date.fromisoformat(value)
        return datetime.fromisoformat(value).astimezone(self._zone).replace(tzinfo=None)

    def _word(self, item: Property, value: Any) -> str | None:
        """The word for a code, the name of a place."""
        if value is None:
            return None
        if "place" in item.subjects:
            return "; ".join(self._places.get(code, code) for code in str(value).split("; "))
        for listed in (item.name, f"team_{item.name}", f"shelter_{item.name}"):
            if (words := LABELS.get(listed, {}).get(str(value))) is not None:
                return words.partition("|")[0]
        return WORDS.get(str(value), str(value))

    def _line(self, cells: Sequence[Any]) -> None:
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                self._sheet.write_datetime(self._row, column, cell, self._instant)
            elif isinstance(cell, date):
                self._sheet.write_datetime(self._row, column, cell, self._day)
            elif isinstance(cell, int | float):
                self._sheet.write_number(self._row, column, cell)
            elif cell is not None:
                self._sheet.write_string(self._row, column, str(cell))
        self._row += 1

    def close(self) -> None:
        """Finish the file."""
        self._book.close()


WORDS = {
    "rescue_team": "救援队伍",
    "shelter": "避难场所",
    "fire_watch_point": "瞭望点",
    "supply_depot": "物资库",
    "surveyed": "实测",
    "approximate": "近似",
    "candidate_places": "可能所在地",
    "public": "公开",
    "internal": "内部",
    "restricted": "受限",
    "wgs84": "WGS 84",
    "cgcs2000": "CGCS2000",
    "gcj02": "GCJ-02",
    "bd09": "BD-09",
    "unknown": "未知",
}
"""Words for codes that offices' own tables do not have."""

"""Read GeoPackage."""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Sheet, Workbook
from registry.store.files.envelope import MOST_ROWS, MOST_SHEETS
from registry.store.files.layer import WGS84, Shape, layer, shape_in
from registry.store.files.shapes import WkbReader


def read_geopackage(content: bytes) -> Workbook:
    """The feature tables of a GeoPackage. Its views, triggers and functions are never run."""
    if content[18:20] == b"\x02\x02":
        content = content[:18] + b"\x01\x01" + content[20:]  # a log beside the file is not read
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.deserialize(content)
            return Workbook(format="gpkg", sheets=_feature_tables(database))
        except (sqlite3.Error, struct.error, IndexError, ValueError, OverflowError) as error:
            raise RefusedFile("damaged") from error


def _feature_tables(database: sqlite3.Connection) -> list[Sheet]:
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64 * 2**20)
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "gpkg_geometry_columns" not in tables:
        raise RefusedFile("unknown_format")
    listed = database.execute("SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns").fetchall()
    layers = [entry for entry in listed if entry[0] in tables]
    if len(layers) > MOST_SHEETS:
        raise RefusedFile("too_many_sheets", sheets=len(layers))
    return [_table(database, *entry) for entry in layers]


def _table(database: sqlite3.Connection, table: str, column: str, srs: int) -> Sheet:
    crs = _system(database, srs)
    quoted = table.replace('"', '""')
    cursor = database.execute(f'SELECT * FROM "{quoted}" LIMIT {MOST_ROWS + 1}')  # noqa: S608 - a quoted name
    names = [entry[0] for entry in cursor.description]
    if column not in names:
        raise RefusedFile("damaged")
    at = names.index(column)

    def records() -> Iterator[tuple[dict[str, Any], Shape]]:
        for row in cursor:
            values = {
                name: value for name, value in zip(names, row, strict=True) if not isinstance(value, bytes)
            }
            yield values, shape_in(_geopackage_shape(row[at]), crs)

    return layer(table, records(), None if crs is None else WGS84)


def _system(database: sqlite3.Connection, srs: int) -> str | None:
    columns = "organization, organization_coordsys_id, definition"
    query = f"SELECT {columns} FROM gpkg_spatial_ref_sys WHERE srs_id = ?"  # noqa: S608 - fixed names
    row = database.execute(query, (srs,)).fetchone() if srs > 0 else None
    if row is None:
        return None
    return f"EPSG:{row[1]}" if str(row[0]).upper() == "EPSG" else str(row[2])


def _geopackage_shape(blob: Any) -> Shape:
    if not isinstance(blob, bytes) or blob[:2] != b"GP":
        return None
    envelope = (blob[3] >> 1) & 0x07
    if blob[3] & 0x10 or envelope > 4:
        return None
    return WkbReader(blob, 8 + (0, 32, 48, 48, 64)[envelope]).geometry()

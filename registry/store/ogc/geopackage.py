"""A GeoPackage (OGC 12-128r18) written row by row into a temporary file: no export is held in memory."""

import sqlite3
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from registry.domain.ogc.file_note import FileNote

APPLICATION_ID = 0x47504B47
VERSION = 10_300
WGS84 = 4326
TYPES = {
    "string": "TEXT",
    "integer": "INTEGER",
    "number": "REAL",
    "date": "DATE",
    "date-time": "DATETIME",
    "strings": "TEXT",
}
SHAPES = {"point": "POINT", "polygon": "POLYGON", "areas": "MULTIPOLYGON", "any": "GEOMETRY"}
TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER, FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  PRIMARY KEY (table_name, column_name),
  FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
"""
WKT = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]'
)
SYSTEMS = [
    ("Undefined Cartesian", -1, "NONE", -1, "undefined", None),
    ("Undefined geographic", 0, "NONE", 0, "undefined", None),
    ("WGS 84 geodetic", WGS84, "EPSG", 4326, WKT, None),
]


class Package:
    """One collection's file; `write` may be called from any one thread at a time."""

    def __init__(self, path: Path, note: FileNote, now: str) -> None:
        described = note.described
        self._table = described.id.replace("-", "_")
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._file.execute(f"PRAGMA user_version = {VERSION}")
        self._file.executescript(TABLES)
        self._file.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", SYSTEMS)
        self._names = ["id", *(item.name for item in described.properties)]
        self._shape = SHAPES.get(described.geometry)
        self._describe(note, now)
        self._file.execute("BEGIN")

    def _describe(self, note: FileNote, now: str) -> None:
        described = note.described
        columns = [f'"{item.name}" {TYPES[item.type]}' for item in described.properties]
        shape = [f"geom {self._shape}"] if self._shape else []
        body = ", ".join(["fid INTEGER PRIMARY KEY AUTOINCREMENT", *shape, '"id" TEXT', *columns])
        self._file.execute(f'CREATE TABLE "{self._table}" ({body})')
        kind, srs = ("features", WGS84) if self._shape else ("attributes", None)
        row = (self._table, kind, described.title, note.text(), now, srs)
        self._file.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
            "VALUES (?,?,?,?,?,?)",
            row,
        )
        if self._shape:
            geometry = (self._table, "geom", self._shape, WGS84, 0, 0)
            self._file.execute("INSERT INTO gpkg_geometry_columns VALUES (?,?,?,?,?,?)", geometry)

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows: the identity, the flat properties, the geometry as WKB."""
        names = [*self._names, "geom"] if self._shape else self._names
        listed, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        statement = f'INSERT INTO "{self._table}" ({listed}) VALUES ({marks})'  # noqa: S608 - our own names
        self._file.executemany(statement, [self._values(row) for row in rows])

    def _values(self, row: Sequence[Any]) -> list[Any]:
        *plain, wkb = row
        return [*plain, _blob(wkb)] if self._shape else plain

    def close(self) -> None:
        """Finish the file."""
        self._file.execute("COMMIT")
        self._file.close()


def _blob(wkb: bytes | None) -> bytes | None:
    """A geometry with the package's own header: version 0, little-endian, no envelope."""
    return None if wkb is None else b"GP" + struct.pack("<BBi", 0, 1, WGS84) + bytes(wkb)

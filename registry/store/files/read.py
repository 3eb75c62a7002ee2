"""Read a file of any format into sheets."""

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Workbook
from registry.store.files.delimited import read_delimited
from registry.store.files.envelope import format_of
from registry.store.files.geojson import read_geojson
from registry.store.files.geopackage import read_geopackage
from registry.store.files.kml import read_kml, read_kmz
from registry.store.files.shapefiles import read_shapefile
from registry.store.files.spreadsheet import read_spreadsheet


def read_file(content: bytes, encoding: str | None = None) -> Workbook:
    """The sheets of a file, by its content alone; RefusedFile says why there are none."""
    workbook = _read(content, format_of(content), encoding)
    if not workbook.sheets and not workbook.previews:
        raise RefusedFile("no_table")
    return workbook


def _read(content: bytes, file_format: str, encoding: str | None) -> Workbook:
    match file_format:
        case "csv":
            return read_delimited(content, encoding)
        case "geojson":
            return read_geojson(content)
        case "gpkg":
            return read_geopackage(content)
        case "shp":
            return read_shapefile(content, encoding)
        case "kml":
            return read_kml(content)
        case "kmz":
            return read_kmz(content)
        case _:
            return read_spreadsheet(content, file_format)

"""Hostile files, made here: each is refused with its reason in five seconds, and whoever asked lives on."""

import asyncio
import io
import json
import os
import sqlite3
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter

from registry.domain.intake.files.refusal import RefusedFile
from registry.store.files.child_process import read_in_child

REFUSED_WITHIN_S = 5.0
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
OF = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEETS = '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
BOOK = f'<workbook xmlns="{MAIN}" xmlns:r="{OF}">{SHEETS}</workbook>'
LINK = f'<Relationship Id="r1" Type="{OF}/worksheet" Target="worksheets/sheet1.xml"/>'
LINKS = f'<Relationships xmlns="{RELS}">{LINK}</Relationships>'
TOP_LINK = f'<Relationship Id="r0" Type="{OF}/officeDocument" Target="xl/workbook.xml"/>'
TOP = f'<Relationships xmlns="{RELS}">{TOP_LINK}</Relationships>'


def zipped(**parts: bytes | str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return buffer.getvalue()


def workbook(cells: str, before: str = "") -> bytes:
    sheet = f'{before}<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    return zipped(
        **{
            "[Content_Types].xml": CONTENT_TYPES,
            "_rels/.rels": TOP,
            "xl/workbook.xml": BOOK,
            "xl/_rels/workbook.xml.rels": LINKS,
            "xl/worksheets/sheet1.xml": sheet,
        }
    )


def cell(name: str, text: str = "x") -> str:
    row = "".join(c for c in name if c.isdigit())
    return f'<row r="{row}"><c r="{name}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def far_cell() -> bytes:
    return workbook(cell("A1") + cell("XFD1048576"))


def far_row() -> bytes:
    return workbook(cell("A1") + cell("B900000"))


def wide_sheet() -> bytes:
    return workbook('<row r="1"><c r="A1"><v>1</v></c><c r="ZZ1"><v>1</v></c></row>')


def zip_bomb() -> bytes:
    return zipped(**{"xl/workbook.xml": BOOK, "xl/worksheets/sheet1.xml": b"\0" * (310 * 2**20)})


def dense_zip_bomb() -> bytes:
    return zipped(**{"xl/workbook.xml": BOOK, "xl/worksheets/sheet1.xml": b" " * (60 * 2**20)})


def lying_zip() -> bytes:
    """The directory says that the part is small; its data inflate to much more."""
    content = zipped(**{"xl/workbook.xml": BOOK, "xl/media/a.bin": b"\0" * (40 * 2**20)})
    return content.replace(struct.pack("<I", 40 * 2**20), struct.pack("<I", 1000))


def many_parts() -> bytes:
    return zipped(**{"xl/workbook.xml": BOOK}, **{f"part{n}": b"" for n in range(3000)})


def encrypted_zip() -> bytes:
    content = bytearray(workbook(cell("A1")))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := content.find(signature, start)) >= 0:
            content[start + at] |= 1
            start += 4
    return bytes(content)


def encrypted_office() -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\0" * 512
        + "EncryptedPackage".encode("utf-16-le")
        + b"\0" * 2048
    )


def external_entity() -> bytes:
    entity = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    return workbook(cell("A1", "&secret;"), before=entity)


def laughing_kml() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE kml [<!ENTITY a0 "ha">{entities}]><kml><name>&a11;</name></kml>'.encode()


def entity_kmz() -> bytes:
    return zipped(**{"doc.kml": b'<!DOCTYPE k SYSTEM "http://192.0.2.1/x.dtd"><kml/>'})


def html_named_xls() -> bytes:
    return "<html><head><meta charset=utf-8></head><table><tr><td>名称</td></tr></table></html>".encode()


def climbing_path() -> bytes:
    return zipped(**{"xl/workbook.xml": BOOK, "../../etc/cron.d/x": b"x"})


def truncated_workbook() -> bytes:
    return workbook(cell("A1"))[:400]


def many_sheets() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for number in range(25):
            book.add_worksheet(f"s{number}").write(0, 0, "x")
    return buffer.getvalue()


def long_cell() -> bytes:
    return b"name,note\nA," + b"x" * 40_000 + b"\n"


def many_rows() -> bytes:
    return b"name\n" + b"A\n" * 200_001


def many_columns() -> bytes:
    return b"name" + b",a" * 300 + b"\n"


def too_large() -> bytes:
    return b"name\n" + b"A" * (33 * 2**20)


def program() -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(1000)


def nothing() -> bytes:
    return b"\0" * 100 + b" \r\n"


def deep_geojson() -> bytes:
    return b'{"type":"FeatureCollection","features":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def broken_geopackage() -> bytes:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id)")
    database.execute(
        "CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization, organization_coordsys_id, definition)"
    )
    database.execute("INSERT INTO gpkg_geometry_columns VALUES ('t', 'geom', 4326)")
    database.execute("CREATE TABLE t (geom)")
    database.execute("INSERT INTO t VALUES (x'47500001000010e60106000000ffffffff')")
    database.commit()
    return database.serialize()


def trojan_geopackage() -> bytes:
    """A schema that never ends: the layer is a view over an infinite recursion."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id)")
    database.execute(
        "CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization, organization_coordsys_id, definition)"
    )
    database.execute("INSERT INTO gpkg_geometry_columns VALUES ('t', 'geom', 4326)")
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT x AS geom FROM n"
    database.execute(f"CREATE VIEW t AS {endless}")
    database.commit()
    return database.serialize()


def broken_shapefile() -> bytes:
    return zipped(
        **{
            "a.shp": b"\0\0\x27\x0a" + bytes(96) + b"\xff" * 400,
            "a.dbf": b"\x03" + b"\xff" * 40,
            "a.shx": b"",
        }
    )


def stretched_ods() -> bytes:
    """One cell that says it is repeated in a million rows and a thousand columns."""
    namespaces = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    )
    repeated = 'table:number-columns-repeated="1024" office:value-type="string"'
    one = f"<table:table-cell {repeated}><text:p>x</text:p></table:table-cell>"
    row = f'<table:table-row table:number-rows-repeated="1048576">{one}</table:table-row>'
    table = f'<table:table table:name="a">{row}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    content = f"<office:document-content {namespaces}>{body}</office:document-content>"
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return zipped(
        mimetype="application/vnd.oasis.opendocument.spreadsheet",
        **{"content.xml": content, "META-INF/manifest.xml": manifest},
    )


HOSTILE: list[tuple[Callable[[], bytes], set[str]]] = [
    (far_cell, {"far_cell"}),
    (far_row, {"far_cell"}),
    (wide_sheet, {"far_cell"}),
    (zip_bomb, {"inflates_too_much"}),
    (dense_zip_bomb, {"inflates_too_much"}),
    (lying_zip, {"damaged", "inflates_too_much"}),
    (many_parts, {"too_many_parts"}),
    (encrypted_zip, {"encrypted"}),
    (encrypted_office, {"encrypted"}),
    (external_entity, {"entities"}),
    (laughing_kml, {"entities"}),
    (entity_kmz, {"entities"}),
    (html_named_xls, {"html_table"}),
    (climbing_path, {"unsafe_path"}),
    (truncated_workbook, {"damaged"}),
    (many_sheets, {"too_many_sheets"}),
    (long_cell, {"cell_too_long"}),
    (many_rows, {"too_many_rows"}),
    (many_columns, {"too_many_columns"}),
    (too_large, {"too_large"}),
    (program, {"unknown_format"}),
    (nothing, {"empty_file"}),
    (deep_geojson, {"damaged"}),
    (broken_geopackage, {"damaged"}),
    (trojan_geopackage, {"no_table"}),
    (broken_shapefile, {"damaged"}),
    (stretched_ods, {"far_cell", "limits_exceeded", "too_many_rows"}),
]


@pytest.mark.parametrize(("make", "codes"), HOSTILE, ids=[make.__name__ for make, _ in HOSTILE])
async def test_hostile_files_are_refused_with_a_reason(make: Callable[[], bytes], codes: set[str]) -> None:
    content = make()
    began_s = time.monotonic()
    with pytest.raises(RefusedFile) as refused:
        await read_in_child(content)
    waited_s = time.monotonic() - began_s
    assert refused.value.code in codes
    assert waited_s < REFUSED_WITHIN_S * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


async def test_the_far_cell_is_named() -> None:
    with pytest.raises(RefusedFile) as refused:
        await read_in_child(far_cell())
    assert refused.value.figures["cell"] == "XFD1048576"


async def test_a_formula_without_a_value_is_named() -> None:
    book = await read_in_child(
        workbook('<row r="2"><c r="B2"><f>SUM(A1:A2)</f></c><c r="C2"><f>1+1</f><v>2</v></c></row>')
    )
    [sheet] = book.sheets
    assert [tuple(at) for at in sheet.uncalculated] == [(1, 1)]
    assert sheet.rows[1][2] == 2


CONFINED = """
import socket, subprocess, sys
from registry.store.files.child_main import FileOrder, confine
confine(FileOrder(task=sys.argv[1], memory_bytes=2**31, cpu_s=20))
for attempt in (
    lambda: socket.create_connection(("127.0.0.1", 9)),
    lambda: subprocess.run(["true"]),
    lambda: open("/tmp/registry-written", "w"),
):
    try:
        attempt()
    except PermissionError:
        continue
    sys.exit(attempt.__code__.co_firstlineno)
print("confined")
"""


@pytest.mark.parametrize("task", ["read", "picture"])
def test_a_reader_reaches_no_network_no_program_and_no_file(task: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, task], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stdout.strip()) == (0, "confined"), done.stderr


async def test_map_formats_carry_their_shapes() -> None:
    point = {"type": "Point", "coordinates": [106.65, 29.02, 250.0]}
    feature = {"type": "Feature", "properties": {"name": "示例场所", "容量": 300}, "geometry": point}
    geojson = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    [sheet] = (await read_in_child(geojson)).sheets
    assert sheet.rows == [["name", "容量"], ["示例场所", 300]]
    assert (sheet.shapes or [])[0]["coordinates"][:2] == [106.65, 29.02]  # type: ignore[index]
    mark = (
        "<Placemark><name>示例哨所</name><Point><coordinates>106.65,29.02,0</coordinates></Point></Placemark>"
    )
    kml = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{mark}</Document></kml>'.encode()
    for content in (kml, zipped(**{"doc.kml": kml})):
        [sheet] = (await read_in_child(content)).sheets
        assert sheet.rows == [["name"], ["示例哨所"]]
        assert sheet.shapes == [{"type": "Point", "coordinates": [106.65, 29.02]}]


async def test_a_geopackage_in_metres_comes_in_degrees() -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, srs_id)")
    database.execute(
        "CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization, organization_coordsys_id, definition)"
    )
    database.execute("INSERT INTO gpkg_geometry_columns VALUES ('场所', 'geom', 1)")
    database.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (1, 'EPSG', 4545, '')")
    database.execute("CREATE TABLE 场所 (名称, geom)")
    point = b"GP\x00\x01" + struct.pack("<i", 1) + struct.pack("<BIdd", 1, 1, 368189.0, 3212708.0)
    database.execute("INSERT INTO 场所 VALUES (?, ?)", ("示例场所", point))
    database.commit()
    [sheet] = (await read_in_child(database.serialize())).sheets
    assert sheet.rows == [["名称"], ["示例场所"]]
    assert (sheet.shapes or [])[0]["coordinates"] == pytest.approx([106.646, 29.024], abs=0.01)  # type: ignore[index]


async def test_two_files_at_once() -> None:
    books = await asyncio.gather(*(read_in_child("名称,人数\n示例队,3\n".encode()) for _ in range(2)))
    assert [book.sheets[0].rows[1] for book in books] == [["示例队", "3"]] * 2

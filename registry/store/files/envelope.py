"""Look at the envelope of a file: its format by content, and whether what it holds stays within limits."""

import io
import zipfile
from collections.abc import Iterator

from registry.domain.intake.files.refusal import RefusedFile

MOST_BYTES = 32 * 2**20
MOST_INFLATED_BYTES = 300 * 2**20
MOST_RATIO = 100
RATIO_FROM_BYTES = 10 * 2**20
"""Small parts may be inflated by more: an empty sheet compresses well."""
MOST_PARTS = 2_000
MOST_SHEETS = 20
MOST_ROWS = 200_000
MOST_COLUMNS = 200
MOST_CELL_CHARACTERS = 32_767
CHUNK = 2**20
HEAD = 8_192
ZIP, OLE, SQLITE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"SQLite format 3\x00"
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def format_of(content: bytes) -> str:
    """The format of a file by its content; RefusedFile for none that is read here."""
    if not content.strip(b"\x00 \t\r\n"):
        raise RefusedFile("empty_file")
    if len(content) > MOST_BYTES:
        raise RefusedFile("too_large", megabytes=MOST_BYTES // 2**20)
    if content.startswith(ZIP):
        return _zip_format(content)
    if content.startswith(OLE):
        if ENCRYPTED_PACKAGE in content:
            raise RefusedFile("encrypted")
        return "xls"
    if content.startswith(SQLITE):
        return "gpkg"
    return _text_format(content)


def _text_format(content: bytes) -> str:
    head = content[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    lower = head.lower()
    if (
        lower.startswith((b"<!doctype html", b"<html", b"<table", b"mime-version"))
        or b"<html" in lower[:1024]
    ):
        raise RefusedFile("html_table")
    if head.startswith(b"<"):
        if b"<kml" in lower or b"opengis.net/kml" in lower:
            return "kml"
        if b"urn:schemas-microsoft-com:office:spreadsheet" in lower:
            raise RefusedFile("html_table")
        raise RefusedFile("unknown_format")
    if head.startswith((b"{", b"[")):
        return "geojson"
    if b"\x00" in content[:HEAD] and not content.startswith(MARKS):
        raise RefusedFile("unknown_format")
    return "csv"


def _zip_format(content: bytes) -> str:
    names = [info.filename for info in checked_zip(content).infolist()]
    lower = [name.lower() for name in names]
    if "xl/workbook.xml" in lower:
        return "xlsx"
    if "xl/workbook.bin" in lower:
        return "xlsb"
    if "content.xml" in lower:
        return "ods"
    if any(name.endswith(".shp") for name in lower):
        return "shp"
    if any(name.endswith(".kml") for name in lower):
        return "kmz"
    raise RefusedFile("unknown_format")


def checked_zip(content: bytes) -> zipfile.ZipFile:
    """The archive, once its parts are few, small, not encrypted and free of document types."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise RefusedFile("damaged") from error
    if len(parts) > MOST_PARTS:
        raise RefusedFile("too_many_parts", parts=len(parts))
    _check_parts(parts, len(content))
    _check_content(archive, parts)
    return archive


def _check_parts(parts: list[zipfile.ZipInfo], size: int) -> None:
    if any(part.flag_bits & 0x1 for part in parts):
        raise RefusedFile("encrypted")
    if any(part.filename.startswith("/") or ".." in part.filename.split("/") for part in parts):
        raise RefusedFile("unsafe_path")
    inflated = sum(part.file_size for part in parts)
    if inflated > MOST_INFLATED_BYTES:
        raise RefusedFile("inflates_too_much", megabytes=inflated // 2**20)
    if inflated > RATIO_FROM_BYTES and inflated > MOST_RATIO * size:
        raise RefusedFile("inflates_too_much", megabytes=inflated // 2**20)


def _check_content(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    """Inflate every part once: sizes in the directory may lie. No part may declare a document type."""
    inflated = 0
    try:
        for part in parts:
            for number, chunk in enumerate(chunks(archive, part)):
                inflated += len(chunk)
                if inflated > MOST_INFLATED_BYTES:
                    raise RefusedFile("inflates_too_much", megabytes=inflated // 2**20)
                if number == 0 and part.filename.lower().endswith((".xml", ".kml", ".rels")):
                    refuse_entities(chunk)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise RefusedFile("damaged") from error
    except Exception as error:
        if type(error).__module__ in ("zlib", "lzma"):
            raise RefusedFile("damaged") from error
        raise


def refuse_entities(head: bytes) -> None:
    """RefusedFile where an XML document declares a type: that is how entities come in."""
    if b"<!DOCTYPE" in head[:HEAD].replace(b"\x00", b"") or b"<!ENTITY" in head.replace(b"\x00", b""):
        raise RefusedFile("entities")


def chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a part, a megabyte at a time."""
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def real_name(part: zipfile.ZipInfo) -> str:
    """The name of a part; old archives write Chinese names in GB18030 without saying so."""
    if part.flag_bits & 0x800:
        return part.filename
    try:
        return part.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return part.filename

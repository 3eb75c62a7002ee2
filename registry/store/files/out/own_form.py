"""Fill an office's own workbook in place: its styles, pictures and formulas stay as they are."""

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import msgspec
from lxml import etree

from registry.domain.intake.files.sheet import letters

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
CELL = re.compile(r"^([A-Z]{1,3})(\d+)$")
CALCULATED = "xl/calcChain.xml"
MOST_ROWS = 20_000
"""A longer sheet takes gigabytes as a tree."""
Value = str | float | bool | None


class FormCells(msgspec.Struct, frozen=True, kw_only=True):
    """What to write into a sheet: values by row and column, both from 0, and colours (RRGGBB) of cells."""

    sheet: str
    cells: dict[int, dict[int, Value]]
    colours: dict[int, dict[int, str]] = {}


def fill_form(content: bytes, form: FormCells) -> bytes | None:
    """The workbook with these cells; None for what is no xlsx file, has no such sheet, or is too long."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return None
    path = _sheet_path(parts, form.sheet)
    if path is None or max(form.cells, default=0) > MOST_ROWS:
        return None
    sheet = _parsed(parts[path])
    styles = _parsed(parts["xl/styles.xml"]) if form.colours and "xl/styles.xml" in parts else None
    if _write(sheet, form, {} if styles is None else _coloured_styles(styles, form)):
        _forget_calculations(parts)
    parts[path] = etree.tostring(sheet, xml_declaration=True, encoding="UTF-8", standalone=True)
    if styles is not None:
        parts["xl/styles.xml"] = etree.tostring(
            styles, xml_declaration=True, encoding="UTF-8", standalone=True
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def _parsed(content: bytes) -> Any:
    """The tree of a part; nothing outside it is read."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(content, parser)


def _sheet_path(parts: Mapping[str, bytes], name: str) -> str | None:
    """The part of a sheet by its name."""
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= parts.keys():
        return None
    sheets = _parsed(parts["xl/workbook.xml"]).iter("{*}sheet")
    wanted = next((one.get(RELATION) for one in sheets if one.get("name") == name), None)
    for relation in _parsed(parts["xl/_rels/workbook.xml.rels"]):
        if wanted is not None and relation.get("Id") == wanted:
            target = relation.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            return path if path in parts else None
    return None


def _coloured_styles(styles: Any, form: FormCells) -> dict[str, str]:
    """Add a style for each colour, and the number of each."""
    fills, formats = styles.find("{*}fills"), styles.find("{*}cellXfs")
    if fills is None or formats is None:
        return {}
    numbers: dict[str, str] = {}
    for colour in sorted({one for row in form.colours.values() for one in row.values()}):
        fill = etree.SubElement(fills, _named(styles, "fill"))
        pattern = etree.SubElement(fill, _named(styles, "patternFill"), patternType="solid")
        etree.SubElement(pattern, _named(styles, "fgColor"), rgb=f"FF{colour}")
        numbers[colour] = str(len(formats))
        etree.SubElement(
            formats,
            _named(styles, "xf"),
            numFmtId="0", fontId="0", fillId=str(len(fills) - 1), borderId="0", xfId="0", applyFill="1",
        )  # fmt: skip
    for listed in (fills, formats):
        listed.set("count", str(len(listed)))
    return numbers


def _named(root: Any, tag: str) -> str:
    return f"{{{etree.QName(root).namespace}}}{tag}"


def _write(sheet: Any, form: FormCells, styles: Mapping[str, str]) -> bool:
    """Write the cells into the sheet; whether a formula was written over."""
    data = sheet.find("{*}sheetData")
    rows = {int(row.get("r")): row for row in data}
    over = False
    for number, cells in form.cells.items():
        row = rows.get(number + 1)
        if row is None:
            continue
        row.attrib.pop("spans", None)
        for column, value in sorted(cells.items()):
            cell = _cell(sheet, row, number, column)
            over |= cell.find("{*}f") is not None
            _set(sheet, cell, value)
            colour = form.colours.get(number, {}).get(column, "")
            if colour in styles:
                cell.set("s", styles[colour])
    if (size := sheet.find("{*}dimension")) is not None:
        sheet.remove(size)
    return over


def _cell(sheet: Any, row: Any, number: int, column: int) -> Any:
    """The cell of a row at a column, made where there is none, with the style of the one before it."""
    before, place = None, 0
    for index, cell in enumerate(row):
        match = CELL.match(cell.get("r", ""))
        at = index if match is None else _column(match[1])
        if at == column:
            return cell
        if at > column:
            break
        before, place = cell, index + 1
    made = etree.Element(_named(sheet, "c"), r=f"{letters(column)}{number + 1}")
    if before is not None and before.get("s"):
        made.set("s", before.get("s"))
    row.insert(place, made)
    return made


def _column(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _set(sheet: Any, cell: Any, value: Value) -> None:
    for child in list(cell):
        cell.remove(child)
    cell.attrib.pop("t", None)
    if value is None:
        return
    if isinstance(value, str):
        cell.set("t", "inlineStr")
        text = etree.SubElement(etree.SubElement(cell, _named(sheet, "is")), _named(sheet, "t"))
        text.text = value
        text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        return
    if isinstance(value, bool):
        cell.set("t", "b")
    etree.SubElement(cell, _named(sheet, "v")).text = (
        str(int(value)) if isinstance(value, bool) else repr(value)
    )


def _forget_calculations(parts: dict[str, bytes]) -> None:
    """Leave the order of calculation out: it names formulas that are values now. Programs make it again."""
    if parts.pop(CALCULATED, None) is None:
        return
    for name in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
        root = _parsed(parts[name])
        for one in list(root):
            if "calcChain" in (one.get("PartName") or one.get("Target") or ""):
                root.remove(one)
        parts[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)

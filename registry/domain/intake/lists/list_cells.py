"""The cells of an item of reference data, each of which is read back as what the item says."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from registry.domain.intake.files.draft import SheetContext
from registry.domain.intake.files.rows import RecordRow
from registry.domain.intake.files.sheet import Cell, letters
from registry.domain.intake.files.values import labels
from registry.domain.intake.lists.list_kind import (
    OWNER,
    POSITION,
    ListField,
    ListKind,
    body_of,
    list_fields,
    members_of,
)
from registry.domain.intake.lists.read_line import read_line
from registry.domain.records.change import differences

FIRST_ROW = 3
OWN_NUMBER = "external_id"


def cells_of_item(
    kind: ListKind, context: SheetContext, names: Sequence[str], body: Mapping[str, Any]
) -> list[Cell]:
    """The cells of an item under these columns. A value that would be read back as another is left empty."""
    fields = list_fields(kind)
    stated = {name: _value(name, fields[name], context, body) for name in names}
    for _ in names:
        cells = [stated[name] for name in names]
        wrong = _read_otherwise(kind, context, cells, body)
        blamed = [name for name in names if stated[name] is not None and _says(name, fields[name], wrong)]
        if not blamed:
            return cells
        stated |= dict.fromkeys(blamed)
    return [stated[name] for name in names]


def _says(name: str, one: ListField, wrong: set[str]) -> bool:
    if name in POSITION:
        return bool(wrong & {"geometry", "location"})
    return one.member in wrong


def _read_otherwise(
    kind: ListKind, context: SheetContext, cells: list[Cell], body: Mapping[str, Any]
) -> set[str]:
    """The members that a row with these cells would change."""
    line = read_line(kind, context, RecordRow(FIRST_ROW, cells))
    before = {name: value for name, value in body.items() if name in body_of(kind).__struct_fields__}
    after = before | members_of(kind, line.given, before)
    unread = {
        list_fields(kind)[column.field].member
        for column in context.read_columns
        for one in line.findings
        if column.field is not None and one.column == letters(column.index)
    }
    if unread:
        return unread
    try:
        old, new = (msgspec.to_builtins(msgspec.convert(one, body_of(kind))) for one in (before, after))
    except msgspec.ValidationError:
        return {name for name, value in after.items() if before.get(name) != value}
    return set(differences(old, new))


def _value(name: str, one: ListField, context: SheetContext, body: Mapping[str, Any]) -> Cell:
    if name in OWNER:
        return body.get("resource") if name == "resource_id" else body.get(name)
    if name in POSITION:
        return _position(name, body)
    if name == OWN_NUMBER:
        return None
    value = body.get(one.member)
    if one.tongue is not None:
        text: Cell = (value or {}).get(one.tongue)
        return text
    if value is None or value == []:
        return None
    if isinstance(value, list):
        texts = [_text(one, context, item) for item in value]
        return "、".join(texts) if all(len(labels.pieces(text)) == 1 for text in texts) else None
    if isinstance(value, bool):
        return "是" if value else "否"
    return value if isinstance(value, int | float) else _text(one, context, value)


def _text(one: ListField, context: SheetContext, value: Any) -> str:
    """The word of a code or a place where it means that one alone."""
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    code = str(value)
    if one.is_place:
        place = context.ground.gazetteer.places.get(code)
        named = place.names[0] if place is not None and place.names else code
        return named if context.ground.gazetteer.exact(named) == {code} else code
    for subject in one.subjects:
        for word in context.ground.labels.words(subject, "registry", code):
            if context.ground.labels.code(subject, word) == ("registry", code):
                return word
    return code


def _position(name: str, body: Mapping[str, Any]) -> Cell:
    geometry = body.get("geometry") or {}
    if geometry.get("type") != "Point" or name == "coordinates":
        return None
    return round(float(geometry["coordinates"][name == "latitude"]), 7)

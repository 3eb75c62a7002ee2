"""The workbook of a kind: columns with headings that are read back, and the cells of a record."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from registry.domain.errors import Invalid
from registry.domain.intake.files.draft import SheetContext
from registry.domain.intake.files.drill import first_row
from registry.domain.intake.files.header import field_of, fields_of
from registry.domain.intake.files.header_words import FIELD_WORDS, LABELS
from registry.domain.intake.files.plan import ContactKey, revised_members
from registry.domain.intake.files.row_reader import CHOICES, CODED, SHARED_CHOICES, SPACE_OF, RowReader
from registry.domain.intake.files.rows import RecordRow
from registry.domain.intake.files.sheet import Cell
from registry.domain.intake.files.text import words
from registry.domain.intake.files.values import labels
from registry.domain.intake.lists.list_kind import FileKind
from registry.domain.records.change import from_members, to_members
from registry.domain.records.resource import Kind, Resource

LEFT_OUT = frozenset(
    {"ordinal", "version", "village", "name_reading", "coordinates", "x", "y", "frame", "since"}
    | {"valid_from", "valid_to", "is_indoor", "is_outdoor", "accessible", "exercise"}
)
"""Fields that another column says, or that no member of a record holds."""
HIDDEN = ("id",)
TEXTS = frozenset(
    {"id", "external_id", "contact_phone", "place_code", "code", "parent", "number", "phone", "contact"}
    | {"resource_id", "resource_code", "item_code", "lot"}
)
"""Columns whose digits are names, not numbers."""
TITLES = {
    "longitude": "经度（WGS84）",
    "latitude": "纬度（WGS84）",
    "area_m2": "面积（平方米）",
    "watch_radius_m": "监测半径（米）",
    "eye_height_m": "瞭望高度（米）",
    "uncertainty_m": "定位误差（米）",
    "place": "所属街镇",
    "place_code": "行政区划代码",
}
ADDRESS = "address: "
BLAMED = {
    "geometry": ("longitude", "latitude", "uncertainty_m"),
    "location": ("address", "longitude", "latitude", "uncertainty_m"),
    "place": ("place_code", "place", "address"),
    "name": ("name", "name_en"),
    "external_ids": ("external_id",),
    "contacts": ("contact_name", "contact_phone"),
    "capacities": ("capacity_indoor", "capacity_outdoor", "capacity_persons"),
}
"""The columns that say a member which has another name."""


class WorkbookColumn(Struct, frozen=True, kw_only=True):
    """A column: the field it holds, its heading, and the words that its cells may be chosen from."""

    field: str
    title: str
    english: str
    choices: tuple[str, ...] = ()
    is_key: bool = False
    """Whether people give the identities in it themselves."""

    @property
    def is_text(self) -> bool:
        """Whether its digits are names, so that no program may read them as numbers."""
        return self.field in TEXTS

    @property
    def is_hidden(self) -> bool:
        """Whether people have no use for it."""
        return self.field in HIDDEN and not self.is_key


class WorkbookSheet(Struct, frozen=True, kw_only=True):
    """A sheet to be written: columns, rows, and the exercise that it is of."""

    kind: FileKind
    name: str
    columns: Sequence[WorkbookColumn]
    rows: Sequence[Sequence[Cell]]
    exercise: str | None = None

    @property
    def mark(self) -> str | None:
        """The first row of a file of an exercise."""
        return None if self.exercise is None else first_row(self.exercise)


def columns_of(kind: Kind, *, exercise: str | None = None) -> list[WorkbookColumn]:
    """The columns of a kind; each heading is read back as its field."""
    named = [name for name in fields_of(kind) if name not in LEFT_OUT and not name.startswith("hazard:")]
    named = ["id", *(name for name in named if name != "id")]
    if exercise is not None:
        named.append("exercise")
    return [
        WorkbookColumn(
            field=name,
            title=_title(name, kind),
            english=name.replace("_", " "),
            choices=tuple(_labels(name, kind).values()),
        )
        for name in named
    ]


def _title(name: str, kind: Kind) -> str:
    """The first Chinese heading that means this field alone, for this kind."""
    listed = [TITLES.get(name, ""), *words(FIELD_WORDS[name][0])]
    return next(
        title for title in listed if title and "/" not in title and field_of((title,), kind)[0] == name
    )


def _labels(name: str, kind: FileKind) -> dict[str, str]:
    """The words for the values of a field with a closed list, each of which means its value again."""
    listed = "space" if name == "space" else (SHARED_CHOICES | CHOICES.get(kind, {})).get(name)
    if listed is None:
        return {}
    return {
        value: next(word for word in (*words(text), value) if labels.choice(listed, word) == value)
        for value, text in LABELS[listed].items()
    }


class RecordCells:
    """Makes the cells of records, each of which is read back as what the record says."""

    def __init__(
        self,
        context: SheetContext,
        columns: Sequence[WorkbookColumn],
        contacts: Mapping[UUID, Sequence[ContactKey]],
    ) -> None:
        self._context, self._columns, self._contacts = context, columns, contacts
        self._labels = {column.field: _labels(column.field, context.kind) for column in columns}

    def cells(self, record: Resource) -> list[Cell]:
        """The cells of a record. A value that would be read back as another one is left empty."""
        stated = {column.field: self.value(record, column.field) for column in self._columns}
        for _ in range(len(self._columns)):
            cells = [stated[column.field] for column in self._columns]
            wrong = self._read_otherwise(record, cells)
            blamed = [name for member in wrong for name in BLAMED.get(member, (member,))]
            blamed = [name for name in blamed if stated.get(name) is not None]
            if not blamed:
                return cells
            stated |= dict.fromkeys(blamed)
        return [stated[column.field] for column in self._columns]

    def _read_otherwise(self, record: Resource, cells: list[Cell]) -> list[str]:
        """The members that a row with these cells would change."""
        draft = RowReader(self._context, RecordRow(3, cells)).read()
        known = set(self._contacts.get(record.id, ()))
        stated = {(one["name"], one["phone"]) for one in draft.contacts}
        wrong = [] if stated <= known else ["contacts"]
        before = to_members(record)
        try:
            after = to_members(from_members(record, revised_members(record, draft)))
        except Invalid:
            return [*wrong, *before]
        return wrong + [name for name in before if name != "sources" and before[name] != after[name]]

    def value(self, record: Resource, field: str) -> Cell:
        """What the record says in a column of this field."""
        cell: Cell = self._value(record, field)
        return cell

    def _value(self, record: Resource, field: str) -> Any:
        properties: Any = record.properties
        if self._labels.get(field):
            value = getattr(properties, field, None)
            return self._labels[field].get(value) if value is not None else None
        if field in CODED:
            return self._coded(field, getattr(properties, field, []))
        match field:
            case "id":
                return str(record.id)
            case "name" | "name_en":
                return properties.name.zh if field == "name" else properties.name.en
            case "external_id":
                system = self._context.answers.system
                return next((one.id for one in properties.external_ids if one.system == system), None)
            case "place_code":
                return properties.place
            case "place":
                place = self._context.ground.gazetteer.places.get(properties.place or "")
                return place.names[0] if place is not None and place.names else None
            case "address":
                source = properties.location.source or ""
                return source.removeprefix(ADDRESS) if source.startswith(ADDRESS) else None
            case "longitude" | "latitude":
                if record.geometry is None:
                    return None
                return round(record.geometry.coordinates[field == "latitude"], 7)
            case "uncertainty_m":
                return None if record.geometry is None else properties.location.uncertainty_m
            case "capacity_indoor" | "capacity_outdoor":
                stated = {one.use: one.persons for one in properties.capacities}
                return stated.get((SPACE_OF[field], None))
            case "contact_name" | "contact_phone":
                contact = next(iter(self._contacts.get(record.id, ())), (None, None))
                return contact[field == "contact_phone"]
            case _:
                return getattr(properties, field, None)

    def _coded(self, field: str, values: Sequence[Any]) -> Cell:
        """The words of coded values; none where one of them has no word of its own."""
        subject, known = CODED[field], self._context.ground.labels
        texts = []
        for value in values:
            forms = [*known.words(subject, value.scheme, value.code), f"{value.scheme}:{value.code}"]
            fitting = (form for form in forms if known.code(subject, form) == (value.scheme, value.code))
            text = next((form for form in fitting if len(labels.pieces(form)) == 1), None)
            if text is None:
                return None
            texts.append(text)
        return "、".join(texts) or None


KIND_NAMES: dict[Kind, str] = {
    "rescue_team": "救援队伍",
    "shelter": "避难场所",
    "fire_watch_point": "火情监测点",
    "supply_depot": "物资储备库",
}

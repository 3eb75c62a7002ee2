"""Read the cells of a row into the draft of a record."""

from collections.abc import Callable
from typing import Any

from registry.domain.datum import may_be_in_china
from registry.domain.intake.files.draft import COUNTS, DraftedRow, SheetContext
from registry.domain.intake.files.file_findings import file_finding
from registry.domain.intake.files.header import Column
from registry.domain.intake.files.rows import RecordRow
from registry.domain.intake.files.sheet import Cell, is_blank, letters, text_of
from registry.domain.intake.files.text import one_line
from registry.domain.intake.files.values import amounts, dates, labels, phones
from registry.domain.intake.files.values.amounts import Amount, Unreadable
from registry.domain.intake.files.values.datum_words import datum_in, without_parameters
from registry.domain.intake.files.values.positions import (
    NoPosition,
    Reading,
    read_pair,
)
from registry.domain.intake.fold import folded
from registry.domain.records.resource import Datum

CLEARED = frozenset({"—", "——"})
"""What an office types to clear a value; an empty cell leaves it."""
CHOICES = {
    "rescue_team": {"force": "force", "level": "team_level", "readiness": "readiness"},
    "shelter": {"level": "shelter_level", "duration": "duration", "opening": "opening"},
    "fire_watch_point": {"form": "form", "operational": "operational"},
    "supply_depot": {"tier": "tier", "ownership": "ownership"},
}
SHARED_CHOICES = {"lifecycle": "lifecycle", "visibility": "visibility"}
CODED = {"specialties": "specialty", "hazards": "hazard", "amenities": "amenity"}
SPACE_OF = {"capacity_indoor": "indoor", "capacity_outdoor": "outdoor"}
MEASURES: dict[str, Callable[[Cell, str], Amount]] = {
    "area_m2": amounts.area_m2,
    "watch_radius_m": amounts.length_m,
    "eye_height_m": amounts.length_m,
    "uncertainty_m": amounts.length_m,
}
BASIS_FINDINGS = {
    "approximate": "number_approximate",
    "range": "number_range",
    "spoken": "number_spoken",
    "split": "number_split",
}


class RowReader:
    """Reads the cells of one row into its draft."""

    def __init__(self, context: SheetContext, row: RecordRow) -> None:
        self._of, self._row, self._draft = context, row, DraftedRow(row=row.row)
        self._texts: dict[int, str] = {}
        self._choices = SHARED_CHOICES | CHOICES[context.kind]

    def read(self) -> DraftedRow:
        """The draft of the row."""
        self._refuse_uncalculated()
        self._names()
        self._place_and_position()
        for column in self._of.read_columns:
            self._column(column)
        self._space()
        self._note()
        self._source()
        return self._draft

    # cells

    def _cell(self, column: Column | None) -> Cell:
        if column is None or column.index >= len(self._row.cells):
            return None
        return self._row.cells[column.index]

    def _text(self, field: str) -> str:
        column = self._of.column(field)
        return "" if column is None else self._text_of(column)

    def _text_of(self, column: Column) -> str:
        text = self._texts.get(column.index)
        if text is None:
            text = self._texts[column.index] = one_line(text_of(self._cell(column)))
        return text

    def _stated(self, field: str) -> str:
        """The text of a field; empty where the cell says that it is unknown."""
        text = self._text(field)
        return "" if labels.is_unknown(text) else text

    def _find(
        self, code: str, column: Column | None, value: Any = None, proposal: Any = None, /, **figures: Any
    ) -> None:
        at = None if column is None else letters(column.index)
        self._draft.findings.append(file_finding(code, self._row.row, at, value, proposal, **figures))

    def _refuse_uncalculated(self) -> None:
        index = self._of.uncalculated.get(self._row.row - 1)
        if index is not None:
            self._draft.findings.append(file_finding("uncalculated", self._row.row, letters(index)))
        wide = self._of.width
        beyond = [text_of(cell) for cell in self._row.cells[wide:] if not is_blank(cell)]
        if beyond:
            self._draft.findings.append(
                file_finding("beyond_header", self._row.row, letters(wide), text="; ".join(beyond)[:100])
            )

    # names and identities

    def _names(self) -> None:
        self._draft.identity = self._text("id") or None
        if external := self._stated("external_id")[:200]:
            self._draft.external_id = external
            self._draft.members["external_ids"] = [{"system": self._of.answers.system, "id": external}]
        column = self._of.column("name")
        name, english = folded(text_of(self._cell(column)))[:200], folded(self._text("name_en"))[:200]
        self._draft.name = name or english
        if not self._draft.name:
            self._find("no_name", column)
            return
        both = {"en": english} if english else {}
        if name:
            both["en" if name.isascii() and not english else "zh"] = name
        self._draft.members["name"] = both

    # places and positions

    def _place_and_position(self) -> None:
        place = self._place()
        reading, refused = self._reading()
        self._draft.reading = reading
        address = self._stated("address")
        source = f"address: {address}" if address else None
        if reading is not None:
            self._located(reading, source)
        elif not refused and place is not None:
            location: dict[str, Any] = {"quality": "candidate_places", "candidate_places": [place]}
            self._draft.members["location"] = location | {"source": source}
        elif not refused and source:
            self._draft.members["location"] = {"quality": "unknown", "source": source}

    def _place(self) -> str | None:
        """The code of the place that the row states, or that its address names."""
        gazetteer = self._of.ground.gazetteer
        for name in ("place_code", "place"):
            text, column = self._stated(name), self._of.column(name)
            if not text:
                continue
            codes = gazetteer.exact(text) or gazetteer.in_address(text)
            if len(codes) == 1:
                [code] = codes
                self._draft.members["place"] = code
                return code
            unclear = "ambiguous_town" if codes else "unknown_town"
            self._find(unclear, column, text, sorted(codes) or None, text=text)
        return self._place_of_address()

    def _place_of_address(self) -> str | None:
        address, column = self._stated("address"), self._of.column("address")
        codes = self._of.ground.gazetteer.in_address(address) if address else set()
        if not codes or "place" in self._draft.members:
            return None
        if len(codes) > 1:
            self._find("ambiguous_town", column, address, sorted(codes), text=address)
            return None
        [code] = codes
        name = self._of.ground.gazetteer.places[code].names[0]
        self._find("town_from_address", column, address, code, name=name)
        self._draft.members["place"] = code
        return code

    def _reading(self) -> tuple[Reading | None, bool]:
        """The reading of the position, and whether there was one that is refused."""
        columns = self._pair_columns()
        shape = self._shape()
        first, second = (self._cell(column) for column in columns)
        if shape is not None:
            first, second = shape
        try:
            reading = read_pair(first, second, self._of.ground.extent)
        except NoPosition as error:
            self._refused_position(error, columns, first, second)
            return None, True
        frame = self._stated("frame")
        if reading is not None and without_parameters(frame + self._titles(columns)):
            self._find("no_parameters", columns[0], frame, text=frame or self._titles(columns))
            return None, True
        return reading, False

    def _pair_columns(self) -> tuple[Column | None, Column | None]:
        column = self._of.column
        for first, second in (("longitude", "latitude"), ("x", "y")):
            if column(first) or column(second):
                return column(first), column(second)
        return column("coordinates"), None

    @staticmethod
    def _titles(columns: tuple[Column | None, Column | None]) -> str:
        return " ".join(column.title for column in columns if column is not None)

    def _shape(self) -> tuple[Cell, Cell] | None:
        shapes = self._of.sheet.shapes
        shape = shapes[self._row.row - 2] if shapes is not None and self._row.row - 2 < len(shapes) else None
        if shape is None:
            return None
        if shape["type"] != "Point":
            self._find("not_a_point", None, shape["type"])
            return None
        return shape["coordinates"][0], shape["coordinates"][1]

    def _refused_position(
        self, error: NoPosition, columns: tuple[Column | None, Column | None], first: Cell, second: Cell
    ) -> None:
        text = " ".join(text_of(cell) for cell in (first, second) if not is_blank(cell))
        self._find(error.code, columns[0] or columns[1], text, text=text)

    def _located(self, reading: Reading, source: str | None) -> None:
        column = next((c for c in self._pair_columns() if c is not None), None)
        datum = self._datum(reading)
        location: dict[str, Any] = {"datum": datum, "quality": "surveyed", "source": source}
        if uncertainty := self._measure("uncertainty_m"):
            location["uncertainty_m"] = uncertainty
        if datum == "unknown":
            location |= {"quality": "approximate", "uncertainty_m": location.get("uncertainty_m", 0.0)}
            self._find("datum_not_stated", column)
        if reading.frame == "lat_lon":
            self._find("position_swapped", column)
        if reading.frame == "projected":
            self._find("position_projected", column, epsg=reading.epsg)
            location["source"] = "; ".join(part for part in (source, f"EPSG:{reading.epsg}") if part)
        if datum in ("gcj02", "bd09"):
            location["raw"] = [reading.lon, reading.lat]
        lon, lat = reading.wgs84(datum)
        self._draft.members["geometry"] = {"type": "Point", "coordinates": [round(lon, 7), round(lat, 7)]}
        self._draft.members["location"] = location

    def _datum(self, reading: Reading) -> Datum:
        if reading.frame == "projected":
            return "cgcs2000"
        stated = datum_in(self._stated("frame")) or self._of.datum
        if stated is not None:
            return stated
        if self._of.sheet.crs is not None or not may_be_in_china((reading.lon, reading.lat)):
            return "wgs84"
        return self._of.ground.default_datum or "unknown"

    # values

    def _column(self, column: Column) -> None:
        field, cell = column.field or "", self._cell(column)
        if is_blank(cell):
            return
        text = self._text_of(column)
        if text in CLEARED:
            self._draft.cleared.append(field)
        elif field in COUNTS:
            self._number(column, lambda: amounts.count(cell), whole=True)
        elif field in ("area_m2", "watch_radius_m", "eye_height_m"):
            self._number(column, lambda: MEASURES[field](cell, column.title))
        elif field in SPACE_OF:
            self._number(column, lambda: amounts.count(cell), whole=True)
        elif field in self._choices:
            self._choice(column, text)
        elif field in CODED:
            self._coded(column, text)
        elif field.startswith("hazard:"):
            self._hazard(column, text)
        elif field == "accessible" and self._of.ground.words.choice("yes_no", text) == "yes":
            self._add_code("amenities", "registry", "accessible")
        elif field == "since":
            self._since(column, cell)
        elif field == "contact_phone":
            self._phones(column, cell)
        elif field in ("manager", "hours") and not labels.is_unknown(text):
            self._draft.members[field] = folded(text)[:200]

    def _measure(self, field: str) -> float | None:
        column = self._of.column(field)
        if column is None or is_blank(self._cell(column)):
            return None
        amount = self._amount(column, lambda: MEASURES[field](self._cell(column), column.title))
        return None if amount is None else amount.value

    def _number(self, column: Column, read: Callable[[], Amount], *, whole: bool = False) -> None:
        amount = self._amount(column, read)
        if amount is None or amount.value is None:
            return
        value: float | int = int(amount.value) if whole else amount.value
        field, text = column.field or "", self._text_of(column)
        if code := BASIS_FINDINGS.get(amount.basis):
            self._find(
                code, column, text, amount.high if amount.basis == "range" else value, text=text, value=value
            )
            self._draft.kept.append(f"{column.title}：{text}")
        by_space = amount.parts or ({SPACE_OF[field]: value} if field in SPACE_OF else {})
        if by_space and field in ("capacity_persons", *SPACE_OF):
            for space, persons in by_space.items():
                self._capacity_of(int(persons), space)
        else:
            self._draft.members[field] = value

    def _capacity_of(self, persons: int, space: str | None = None, hazard: str | None = None) -> None:
        one: dict[str, Any] = {"persons": persons, "space": space, "hazard": None}
        if hazard is not None:
            one["hazard"] = {"scheme": "registry", "code": hazard}
        self._draft.members.setdefault("capacities", []).append(one)

    def _amount(self, column: Column, read: Callable[[], Amount]) -> Amount | None:
        text = self._text_of(column)
        try:
            amount = read()
        except Unreadable:
            self._find("unreadable_number", column, text, text=text)
            return None
        if amount.basis == "same_as_above":
            above = self._above(column)
            self._find("same_as_above", column, text, above or None, above=above)
        return amount

    def _above(self, column: Column) -> str:
        rows = self._of.sheet.rows
        for row in reversed(rows[self._of.header.data : self._row.row - 1]):
            if column.index < len(row) and not is_blank(row[column.index]):
                text = one_line(text_of(row[column.index]))
                if not labels.is_ditto(text):
                    return text
        return ""

    def _choice(self, column: Column, text: str) -> None:
        field = column.field or ""
        listed = self._choices[field]
        if (value := self._of.ground.words.choice(listed, text)) is not None:
            self._draft.members[field] = value
        elif not labels.is_unknown(text) and not (field == "force" and self._as_specialty(text)):
            self._find(
                "unknown_label",
                column,
                text,
                labels.near_choices(listed, text),
                text=text,
                column=column.title,
            )

    def _as_specialty(self, text: str) -> bool:
        """Whether the type of a team is a specialty: then it is kept as one."""
        coded = self._of.ground.labels.code("specialty", text)
        if coded is not None:
            self._add_code("specialties", *coded)
        return coded is not None

    def _coded(self, column: Column, text: str) -> None:
        field = column.field or ""
        subject = CODED[field]
        for piece in labels.pieces(text):
            coded = self._of.ground.labels.code(subject, piece)
            if coded is not None:
                self._add_code(field, *coded)
            else:
                near = self._of.ground.labels.near(subject, piece)
                self._find("unknown_label", column, piece, near, text=piece, column=column.title)
                self._draft.kept.append(f"{column.title}：{piece}")

    def _hazard(self, column: Column, text: str) -> None:
        """A mark says that the shelter is meant for a hazard, a number also for how many persons."""
        code = (column.field or "").partition(":")[2]
        persons = int(text) if text.isdecimal() and text not in ("0", "1") else None
        if self._of.ground.words.choice("yes_no", text) != "yes" and persons is None:
            return
        if self._of.ground.labels.has("hazard", code):
            self._add_code("hazards", "registry", code)
            if persons is not None:
                self._capacity_of(persons, hazard=code)
        else:
            self._draft.kept.append(f"{column.title}：{text}")

    def _add_code(self, field: str, scheme: str, code: str) -> None:
        listed = self._draft.members.setdefault(field, [])
        entry = {"scheme": scheme, "code": code}
        if entry not in listed:
            listed.append(entry)

    def _since(self, column: Column, cell: Cell) -> None:
        text = self._text_of(column)
        try:
            day = dates.day(cell)
        except dates.Ambiguous as error:
            self._find("ambiguous_date", column, text, str(error.reading), text=text, reading=error.reading)
            return
        except Unreadable:
            self._find("unreadable_date", column, text, text=text)
            return
        if day is None:
            return
        if day.serial:
            self._find("date_serial", column, text, str(day), text=text, reading=day)
        self._draft.kept.append(f"{column.title}：{day}")

    def _phones(self, column: Column, cell: Cell) -> None:
        text = self._text_of(column)
        read = phones.phones(cell, self._of.ground.area_code)
        for piece in read.unreadable:
            self._find("unreadable_phone", column, piece, text=piece)
        name = self._stated("contact_name") or None
        for phone in read.numbers:
            if phone.local:
                self._find("phone_local", column, phone.number, text=text)
            number = phone.number if phone.extension is None else f"{phone.number} ({phone.extension})"
            self._draft.contacts.append({"role": "contact", "name": name, "phone": number[:40]})

    def _space(self) -> None:
        """Indoor or outdoor, where the file says one of them; a place that is both has no single value."""
        if self._of.kind != "shelter":
            return
        spaces = {
            space
            for space in ("indoor", "outdoor")
            if self._of.ground.words.choice("yes_no", self._text(f"is_{space}")) == "yes"
        }
        column = self._of.column("space")
        for piece in labels.pieces(self._text("space")):
            if (value := self._of.ground.words.choice("space", piece)) is not None:
                spaces.add(value)
            else:
                self._find(
                    "unknown_label",
                    column,
                    piece,
                    labels.near_choices("space", piece),
                    text=piece,
                    column=column.title if column else "",
                )
                self._draft.kept.append(f"{column.title if column else ''}：{piece}")
        if len(spaces) == 1:
            self._draft.members["space"] = spaces.pop()
        elif spaces:
            self._draft.kept.append("室内和室外 indoor and outdoor")

    # what surrounds the values

    def _note(self) -> None:
        """The note of the office, and the words that say more than the stored values."""
        written = [folded(text_of(self._cell(c))) for c in self._of.header.columns if c.field == "note"]
        parts = [
            text for text in written if text and not labels.is_unknown(text) and not labels.is_ditto(text)
        ]
        village = self._stated("village")
        parts += [village] if village else []
        parts += list(dict.fromkeys(self._draft.kept))
        if parts:
            self._draft.members["note"] = "；".join(parts)[:4000]

    def _source(self) -> None:
        locator = f"{self._of.sheet.name}!{self._row.row}"[:200]
        source = {"kind": "import", "reference": self._of.answers.reference[:200], "locator": locator}
        self._draft.members["sources"] = [source]

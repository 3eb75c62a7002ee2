"""The draft of a record that a row of a file makes, and what its cells are compared with."""

from typing import Any

from msgspec import Struct, field

from registry.domain.intake.files.header import Column, Header
from registry.domain.intake.files.sheet import Sheet
from registry.domain.intake.files.values.gazetteer import Gazetteer
from registry.domain.intake.files.values.labels import Labels
from registry.domain.intake.files.values.own_words import OwnWords
from registry.domain.intake.files.values.positions import JurisdictionExtent, Reading
from registry.domain.intake.finding import Finding
from registry.domain.intake.lists.list_kind import FileKind
from registry.domain.records.resource import Datum

SHARED_POINT_M = 1_000.0
"""The error that is assumed of a point that several rows share: it stands for a district or a town."""
COUNTS = ("personnel", "capacity_persons", "occupancy_persons", "serves_persons")


class FileGround(Struct, frozen=True, kw_only=True):
    """What the cells of a file are compared with: places, words, extent, and the jurisdiction's area code."""

    gazetteer: Gazetteer
    labels: Labels
    words: OwnWords = OwnWords()
    """The word table of the office, in languages that the registry does not know."""
    extent: JurisdictionExtent
    area_code: str | None = None
    default_datum: Datum | None = None
    """What positions come in where nobody says: known outside China, where no map service shifts them."""


class FileAnswers(Struct, frozen=True, kw_only=True):
    """What the office said about its file: the datum, and the system that its own numbers belong to."""

    datum: Datum | None = None
    system: str = "office"
    reference: str = "file"


class DraftedRow(Struct, kw_only=True):
    """A row as members of a record: those that the row states, and nothing else.

    `cleared` names members that the office emptied on purpose. Contacts are kept apart from the record.
    """

    row: int
    name: str = ""
    members: dict[str, Any] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    external_id: str | None = None
    identity: str | None = None
    kept: list[str] = field(default_factory=list)
    """Words of the file that the note keeps, because the stored value says less."""
    reading: Reading | None = None
    """The reading of the position: points that several rows share are found when all rows are known."""


class SheetContext(Struct, frozen=True, kw_only=True):
    """What all rows of a sheet have in common."""

    sheet: Sheet
    header: Header
    kind: FileKind
    ground: FileGround
    answers: FileAnswers
    datum: Datum | None = None
    uncalculated: dict[int, int] = {}
    """A column whose formula has no value, by row; both from 0."""
    columns: dict[str, Column] = {}
    """The first column of each field."""
    read_columns: tuple[Column, ...] = ()
    """The columns that have a field."""
    width: int = 0
    """How many columns the header reaches over."""

    def column(self, field: str) -> Column | None:
        """The first column of a field."""
        return self.columns.get(field)

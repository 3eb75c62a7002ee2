"""Decide what each row of a file would do: create, update, nothing, or wait for an answer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct, field, structs
from rapidfuzz import fuzz

from registry.domain.errors import Invalid
from registry.domain.identity import new_id
from registry.domain.intake.doubles import CELL_DEG
from registry.domain.intake.examine import ExaminedRecord, examine
from registry.domain.intake.files.draft import SHARED_POINT_M, DraftedRow
from registry.domain.intake.files.file_findings import file_finding
from registry.domain.intake.files.header import Header
from registry.domain.intake.files.sheet import letters
from registry.domain.intake.finding import Finding, refusals
from registry.domain.intake.fold import comparable
from registry.domain.intake.reference import Ground, KnownRecord, Reference
from registry.domain.records.change import Draft, differences, from_members, record_of, to_members
from registry.domain.records.location import reach_of_doubt_m
from registry.domain.records.removal import is_removal
from registry.domain.records.resource import DEFAULT_VISIBILITY, Kind, Location, Resource, Visibility

ContactKey = tuple[str | None, str | None]
"""Name and telephone of a contact."""
Action = Literal["create", "update", "unchanged", "confirm", "refused", "retire", "skip", "aside", "stored"]
"""What a row would do. `stored` is one that was stored; checked again it is unchanged."""
SAME_POINT_DEG = 1.5e-7
"""Files write degrees with seven decimals."""
SAME_NAME_PERCENT = 40.0
"""Below this likeness of the names, an identity alone does not say that two records are one."""
DOUBLES = ("likely_double", "possible_double")
COLUMN_OF = {
    "/geometry": ("longitude", "x", "coordinates"),
    "/properties/location": ("longitude", "x", "coordinates", "address"),
    "/properties/place": ("place", "place_code", "address"),
    "/properties/external_ids": ("external_id",),
    "/properties/name": ("name", "name_en"),
}
"""The fields whose column a finding about a member points at, where it has another name."""


class RowDecision(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What a person decides about a row: it is this record, a new one, left out, or to be retired."""

    same_as: UUID | None = None
    take: Literal["new", "skip", "retire"] | None = None


class PlannedRow(Struct, kw_only=True):
    """What a row would do. `record` is what would be stored, `target` the record that it is about.

    `members` is the record as UTF-8 text, in whose place it stands where many rows are held. `changed`
    names the members that an update changes. A retirement has no row.
    """

    row: int | None
    action: Action
    name: str
    record: Resource | None = None
    members: bytes | None = None
    target: UUID | None = None
    target_version: int | None = None
    changed: list[str] = field(default_factory=list)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    external_id: str | None = None


class PlanGround(Struct, frozen=True, kw_only=True):
    """What a plan is made on: the kind, the records that are known, the reference data and the clock.

    `contacts` holds name and telephone of the stored contacts by record; None: they are not compared.
    With `scope`, only records under these places may be changed.
    """

    kind: Kind
    known: Sequence[Resource]
    reference: Reference
    now: datetime
    exercise: str | None = None
    contacts: Mapping[UUID, frozenset[ContactKey]] | None = None
    scope: tuple[str, ...] | None = None
    default_visibility: Visibility = DEFAULT_VISIBILITY

    def is_in_scope(self, place: str | None) -> bool:
        """Whether a record of this place may be changed."""
        return self.scope is None or bool(
            {above.code for above in self.reference.territory.above(place or "")} & set(self.scope)
        )


def plan_rows(
    drafts: Iterable[DraftedRow], header: Header, ground: PlanGround, decisions: Mapping[int, RowDecision]
) -> list[PlannedRow]:
    """What each draft would do, in their order; no two rows are about one record."""
    planner = RowPlanner(header, ground)
    rows = [planner.plan(draft, decisions.get(draft.row, RowDecision())) for draft in drafts]
    refuse_shared_targets(rows)
    return rows


def gone(ground: PlanGround, rows: Iterable[PlannedRow], place: str) -> list[PlannedRow]:
    """The records of a place that a whole list does not name any more; nothing retires them but a person."""
    named = {row.target for row in rows}
    territory = ground.reference.territory
    return [
        PlannedRow(
            row=None,
            action="retire",
            name=str(record.properties.name),
            target=record.id,
            target_version=record.properties.version,
        )
        for record in ground.known
        if record.id not in named
        and record.properties.lifecycle != "retired"
        and ground.is_in_scope(record.properties.place)
        and place in {above.code for above in territory.above(record.properties.place or "")}
    ]


def refuse_shared_targets(rows: Iterable[PlannedRow]) -> None:
    """Refuse every row after the first that is about one record."""
    first: dict[UUID, PlannedRow] = {}
    for row in rows:
        if row.target is None or row.action not in ("update", "unchanged"):
            continue
        other = first.setdefault(row.target, row)
        if other is not row:
            row.findings.append(
                file_finding("twice_in_file", row.row, None, row.name, other=other.row, text=row.name)
            )
            row.action, row.record, row.members = "refused", None, None


class RowPlanner:
    """Compares drafts with the records that are known."""

    def __init__(self, header: Header, ground: PlanGround) -> None:
        self._header, self._ground = header, ground
        self._by_id = {str(record.id): record for record in ground.known}
        self._by_external: dict[tuple[str, str], Resource] = {}
        self._by_name: dict[tuple[str, str | None], list[Resource]] = {}
        self._near: dict[Any, list[KnownRecord]] = {}
        for record in ground.known:
            self._index(record)

    def _index(self, record: Resource) -> None:
        properties = record.properties
        for other in properties.external_ids:
            self._by_external[other.system, other.id] = record
        if properties.lifecycle == "retired":
            return
        for name in {properties.name.zh, properties.name.en} - {None}:
            self._by_name.setdefault((comparable(str(name)), properties.place), []).append(record)
        spot = None if record.geometry is None else record.geometry.coordinates
        known = KnownRecord(
            id=record.id,
            name=properties.name,
            place=properties.place,
            lon=None if spot is None else spot[0],
            lat=None if spot is None else spot[1],
        )
        keys = [("place", properties.place)] if spot is None else [_cell(*spot), ("place", properties.place)]
        for key in keys:
            self._near.setdefault(key, []).append(known)

    def known(self, identity: UUID | None) -> Resource | None:
        """The known record of an identity."""
        return self._by_id.get(str(identity))

    def plan(self, draft: DraftedRow, decision: RowDecision) -> PlannedRow:
        """What a draft would do."""
        planned = PlannedRow(row=draft.row, action="refused", name=draft.name, contacts=draft.contacts)
        planned.findings, planned.external_id = list(draft.findings), draft.external_id
        if decision.take == "skip":
            planned.action = "skip"
            return planned
        current = None if decision.take == "new" else self._match(draft, decision)
        examined = self._examined(draft, current, decision)
        planned.findings += [self._placed(one, draft.row) for one in examined.findings]
        if current is not None:
            planned.target, planned.target_version = current.id, current.properties.version
        self._note_change(planned, current, examined.record)
        if current is not None and decision.same_as is None:
            planned.findings += self._other_name(draft, current)
        if examined.record is None or refusals(planned.findings):
            return planned
        planned.record = examined.record
        found = planned.findings
        planned.action, planned.changed = self._action(examined, current, draft, found, decision)
        return planned

    def _note_change(self, planned: PlannedRow, current: Resource | None, record: Resource | None) -> None:
        """Refuse what lies outside the scope; tell what comes back, and what goes out of use or sight."""
        row = planned.row
        assert row is not None
        if not self._is_in_scope(current, record):
            planned.findings.append(file_finding("outside_scope", row))
        if current is None or record is None:
            return
        if current.properties.lifecycle == "retired":
            planned.findings.append(file_finding("was_retired", row))
        if is_removal(current, record):
            planned.findings.append(file_finding("removal", row))

    def _is_in_scope(self, current: Resource | None, record: Resource | None) -> bool:
        """Whether the record lies, before and after, where the scope reaches, as far as is certain."""
        ground = self._ground
        records = [one for one in (current, record) if one is not None]
        if not all(ground.is_in_scope(one.properties.place) for one in records):
            return False
        if record is None or ground.scope is None:
            return True
        location = record.properties.location
        if current is not None and current.geometry == record.geometry:
            return True
        if record.geometry is None:
            return all(ground.is_in_scope(code) for code in location.candidate_places)
        doubt_m = reach_of_doubt_m(location, record.geometry)
        return not ground.reference.territory.is_outside_all(ground.scope, record.geometry, doubt_m)

    def _other_name(self, draft: DraftedRow, current: Resource) -> list[Finding]:
        """A warning where an identity belongs to a record of quite another name: the numbering may differ."""
        names = [name for name in (current.properties.name.zh, current.properties.name.en) if name]
        stated = [str(name) for name in draft.members.get("name", {}).values()]
        alike = max((fuzz.ratio(comparable(a), comparable(b)) for a in names for b in stated), default=100.0)
        if alike >= SAME_NAME_PERCENT:
            return []
        column = self._header.column("name")
        at = None if column is None else letters(column.index)
        proposal = {"id": str(current.id), "name": msgspec.to_builtins(current.properties.name)}
        return [file_finding("other_name", draft.row, at, draft.name, proposal, name=names[0])]

    def _action(
        self,
        examined: ExaminedRecord,
        current: Resource | None,
        draft: DraftedRow,
        found: Sequence[Finding],
        decision: RowDecision,
    ) -> tuple[Action, list[str]]:
        if current is None:
            asks = any(one.code in DOUBLES for one in examined.findings)
            return ("confirm" if asks and decision.take != "new" else "create"), []
        assert examined.record is not None
        changed = list(differences(to_members(current), to_members(examined.record)))
        stated = {(one["name"], one["phone"]) for one in draft.contacts}
        known = self._ground.contacts
        if known is not None and not stated <= known.get(current.id, frozenset()):
            changed.append("contacts")
        if any(one.code == "other_name" for one in found):
            return "confirm", changed
        return ("update" if changed else "unchanged"), changed

    def _match(self, draft: DraftedRow, decision: RowDecision) -> Resource | None:
        """The record that a row is about: decided, by its identity or the office's, or by name and place."""
        if decision.same_as is not None:
            return self._by_id.get(str(decision.same_as))
        if draft.identity is not None and draft.identity in self._by_id:
            return self._by_id[draft.identity]
        for other in draft.members.get("external_ids", ()):
            if found := self._by_external.get((other["system"], other["id"])):
                return found
        names = draft.members.get("name", {}).values()
        place = draft.members.get("place")
        same = {
            record.id: record
            for name in names
            for record in self._by_name.get((comparable(name), place), ())
            if not (draft.external_id and record.properties.external_ids)
        }
        return next(iter(same.values())) if len(same) == 1 else None

    def _examined(self, draft: DraftedRow, current: Resource | None, decision: RowDecision) -> ExaminedRecord:
        ground = Ground(
            reference=self._ground.reference,
            now=self._ground.now,
            default_visibility=self._ground.default_visibility,
        )
        if current is None:
            examined = self._of_new(draft, structs.replace(ground, near=tuple(self._neighbours(draft))))
            if decision.take != "new":
                return examined
            told_apart = tuple(_told_apart(one) for one in examined.findings)
            return ExaminedRecord(examined.record, told_apart)
        try:
            revised = from_members(current, revised_members(current, draft))
        except Invalid as error:
            feature = self._feature(draft)
            examined = examine(feature, ground, exercise=self._ground.exercise)
            found = examined.findings or (file_finding("no_name", draft.row, None, error.detail),)
            return ExaminedRecord(None, found)
        return examine(revised, ground, current)

    def _of_new(self, draft: DraftedRow, ground: Ground) -> ExaminedRecord:
        """What the gate makes of a new record; members are read one by one only where some are wrong."""
        feature = self._feature(draft)
        try:
            read = msgspec.convert(feature, Draft)
        except msgspec.ValidationError:
            return examine(feature, ground, exercise=self._ground.exercise)
        identity = new_id(int(ground.now.timestamp() * 1000))
        return examine(record_of(read, identity, self._ground.exercise), ground)

    def _feature(self, draft: DraftedRow) -> dict[str, Any]:
        members = dict(draft.members)
        geometry = members.pop("geometry", None)
        return {"type": "Feature", "geometry": geometry, "properties": {"kind": self._ground.kind, **members}}

    def _neighbours(self, draft: DraftedRow) -> Iterable[KnownRecord]:
        geometry = draft.members.get("geometry")
        found: dict[UUID, KnownRecord] = {}
        if geometry is None:
            return self._near.get(("place", draft.members.get("place")), ())
        column, row = _cell(*geometry["coordinates"])
        for key in [(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]:
            found |= {one.id: one for one in self._near.get(key, ())}
        for one in self._near.get(("place", draft.members.get("place")), ()):
            if one.lon is None:
                found[one.id] = one
        return found.values()

    def _placed(self, one: Finding, row: int) -> Finding:
        """A finding of the gate with the cell that it is about."""
        if one.field is None or one.row is not None:
            return one
        fields = next((names for start, names in COLUMN_OF.items() if one.field.startswith(start)), ())
        fields = fields or (one.field.split("/")[2] if one.field.count("/") > 1 else "",)
        columns = (self._header.column(name) for name in fields)
        at = next((letters(column.index) for column in columns if column is not None), None)
        return structs.replace(one, row=row, column=at)


def _told_apart(one: Finding) -> Finding:
    """A likely double that a person said is another thing is a note."""
    return structs.replace(one, severity="note") if one.code in DOUBLES else one


def _cell(lon: float, lat: float) -> tuple[int, int]:
    return int(lon // CELL_DEG), int(lat // CELL_DEG)


def revised_members(current: Resource, draft: DraftedRow) -> dict[str, Any]:
    """The members of a record with what a row states: an empty cell leaves a value, a dash clears it.

    A row that only names the town takes nothing away from what is known of the position, and one with the
    point that is known says nothing new of it. A record that was retired is in service again. The source is
    renewed only where anything else changes, so that the same list next month changes nothing.
    """
    members = to_members(current)
    given = dict(draft.members)
    source = given.pop("sources", [])
    given["name"] = {**(members["name"] or {}), **given.get("name", {})}
    if "external_ids" in given:
        systems = {one["system"] for one in given["external_ids"]}
        others = [one for one in members["external_ids"] if one["system"] not in systems]
        kept = [one for one in members["external_ids"] if one["system"] in systems]
        same = [(one["system"], one["id"]) for one in kept] == [
            (one["system"], one["id"]) for one in given["external_ids"]
        ]
        given["external_ids"] = others + (kept if same else given["external_ids"])
    if "capacities" in given or {"capacity_indoor", "capacity_outdoor"} & set(draft.cleared):
        before, sum_before = members.get("capacities", []), _sum_of_spaces(members.get("capacities", []))
        given["capacities"] = _with_capacities(before, given.get("capacities", []), draft.cleared)
        if members["capacity_persons"] in (None, sum_before):
            given.setdefault("capacity_persons", _sum_of_spaces(given["capacities"]))
    if current.properties.lifecycle == "retired":
        given.setdefault("lifecycle", "in_service")
    if _says_nothing_new(members, given):
        given.pop("geometry", None)
        given.pop("location", None)
    elif "location" in given:
        given["location"] = _whole_location(given["location"])
        given.setdefault("geometry", None)
    for name in draft.cleared:
        given[name] = [] if isinstance(members.get(name), list) else None
    revised = members | {name: value for name, value in given.items() if name in members}
    if to_members(from_members(current, revised)) == members:
        return members
    revised["sources"] = [*members["sources"], *_new_sources(members["sources"], source)][-50:]
    return revised


def _sum_of_spaces(capacities: list[dict[str, Any]]) -> int | None:
    stated = [one["persons"] for one in capacities if one["space"] and one["hazard"] is None]
    return sum(stated) if stated else None


def _with_capacities(
    before: list[dict[str, Any]], given: list[dict[str, Any]], cleared: Sequence[str]
) -> list[dict[str, Any]]:
    """The capacities with those of a row in the place of the same use; a dash takes one away."""

    def use(one: dict[str, Any]) -> tuple[Any, ...]:
        hazard = one["hazard"]
        return one["space"], None if hazard is None else (hazard["scheme"], hazard["code"])

    gone = {(name.removeprefix("capacity_"), None) for name in cleared}
    listed = {use(one): one for one in before if use(one) not in gone}
    return list((listed | {use(one): one for one in given}).values())


def _says_nothing_new(members: dict[str, Any], given: dict[str, Any]) -> bool:
    """Whether what a row says of the position is known already, or less than what is known."""
    known, stated = members["geometry"], given.get("geometry")
    held, location = members["location"], given.get("location") or {}
    if stated is None:
        same_place: bool = given.get("place", members["place"]) == members["place"]
        is_located = known is not None or held["quality"] != "unknown"
        return same_place and (is_located or location.get("source") in (None, held["source"]))
    if known is None:
        return False
    same: bool = all(
        abs(one - other) <= SAME_POINT_DEG
        for one, other in zip(known["coordinates"], stated["coordinates"], strict=True)
    )
    uncertainty_m = location.get("uncertainty_m")
    if location.get("quality") == "approximate" and uncertainty_m == SHARED_POINT_M:
        uncertainty_m = None  # said of a point that several rows share, not by the office
    elif location.get("quality") not in ("surveyed", held["quality"]):
        return False
    return same and uncertainty_m in (None, held["uncertainty_m"])


def _new_sources(present: list[dict[str, Any]], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {(one["kind"], one["reference"], one.get("locator")) for one in present}
    return [one for one in given if (one["kind"], one["reference"], one.get("locator")) not in known]


def _whole_location(location: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = msgspec.to_builtins(msgspec.convert(location, Location))
    return whole

"""Decide what each row of a list of reference data would do, beside what is stored."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct, field, structs

from registry.domain.errors import Invalid
from registry.domain.geometry import wkb
from registry.domain.intake.files.draft import SheetContext
from registry.domain.intake.files.file_findings import file_finding
from registry.domain.intake.files.plan import PlannedRow, RowDecision
from registry.domain.intake.files.rows import RecordRow
from registry.domain.intake.files.sheet import letters
from registry.domain.intake.files.values.own_words import check_words
from registry.domain.intake.finding import Finding, Message, finding, pointer_of_field, refusals
from registry.domain.intake.lists.list_kind import (
    LIST_KINDS,
    ListKind,
    PlaceLine,
    ZoneLine,
    body_of,
    list_fields,
    members_of,
)
from registry.domain.intake.lists.read_line import ListLine, read_line
from registry.domain.intake.members import examine_members
from registry.domain.intake.reference import Reference
from registry.domain.intake.shape import read_members
from registry.domain.places.rule import Rule, check_rule
from registry.domain.places.vocabulary import VocabularyCode
from registry.domain.places.zone import check_geometry
from registry.domain.plans.entry import admitted_entry, check_entry
from registry.domain.records.change import differences
from registry.services.clock import now
from registry.services.intake import reference
from registry.services.intake.admit import subject_of
from registry.services.intake.lists.item import LISTED, StoredItem
from registry.services.intake.lists.items import ListItems, load_items
from registry.services.intake.lists.office_items import contact_id, stock_key
from registry.services.intake.lists.territory_items import code_key
from registry.services.progress import Advance
from registry.store.database.pool import Reader
from registry.store.plans import plans

STEP = 200
OWN_SCHEME = "registry"
"""The scheme of a coded value that states none."""
OF_NO_REGISTER = ("zone", "rule", "vocabulary")
OF_AN_OFFICE = ("contact", "stock")
NAMING = ("place", "name", "number", "type", "role", "indicator", "partner", "fields", "code", "kind", "on")
"""What tells entries without an identity apart."""


class ListPlanner(Struct, kw_only=True):
    """What rows are compared with, and the rows that were compared."""

    kind: ListKind
    items: ListItems
    reference: Reference
    exercise: str | None
    system: str
    reference_name: str
    """How the file is named as a source."""
    scope: tuple[str, ...] | None
    codes: set[str] = field(default_factory=set)
    """Codes of the places that the list itself has."""
    provisions: frozenset[str] = frozenset()
    """The provisions that a rule may come from."""
    seen: dict[str, int] = field(default_factory=dict)


async def load_planner(
    reader: Reader, kind: ListKind, options: Any, sight: Any, scope: tuple[str, ...] | None
) -> ListPlanner:
    """What the rows of a list of this kind are compared with."""
    return ListPlanner(
        kind=kind,
        items=await load_items(reader, sight, kind, options.system),
        reference=await reference.load(reader),
        exercise=sight.exercise,
        system=options.system,
        reference_name=options.reference,
        scope=scope,
        provisions=await _provisions(reader) if kind == "rule" else frozenset(),
    )


async def _provisions(reader: Reader) -> frozenset[str]:
    return frozenset(one.id for one in await plans.find_provisions(reader))


async def plan_list(
    planner: ListPlanner,
    context: SheetContext,
    records: Sequence[RecordRow],
    decisions: Mapping[int, RowDecision],
    advance: Advance,
) -> list[PlannedRow]:
    """What each row would do, in their order."""
    lines = [read_line(planner.kind, context, record) for record in records]
    planner.codes = {str(line.given["code"]) for line in lines if "code" in line.given}
    planned: list[PlannedRow] = []
    for done, line in enumerate(lines, 1):
        row = await _planned(planner, context, line, decisions.get(line.row, RowDecision()))
        planned.append(row)
        if done % STEP == 0 or done == len(lines):
            advance("check", done, len(lines))
    return planned


async def _planned(
    planner: ListPlanner, context: SheetContext, line: ListLine, decision: RowDecision
) -> PlannedRow:
    row = PlannedRow(row=line.row, action="refused", name=line.name, findings=list(line.findings))
    if decision.take == "skip":
        row.action = "skip"
        return row
    if planner.items.owners is not None and not _owned(planner, line, row):
        return row
    key = _key(planner, line)
    if key is None:
        row.findings.append(file_finding("no_name", line.row))
        return row
    row.external_id, row.target = key, _subject(planner.kind, key)
    if (other := planner.seen.setdefault(key, line.row)) != line.row:
        row.findings.append(file_finding("twice_in_file", line.row, None, key, other=other, text=line.name))
    stored: StoredItem | None = await planner.items.items.get(key)
    row.target_version = None if stored is None else stored.version
    body = _body(planner, line, key, stored)
    value, found = _admitted(planner, body)
    row.findings += [_placed(one, line.row, context) for one in found]
    if value is None or refusals(row.findings):
        return row
    new = msgspec.to_builtins(value)
    row.members = msgspec.json.encode(new)
    row.changed = [] if stored is None else list(differences(_whole(planner.kind, stored.body), new))
    row.action = "create" if stored is None else "update" if row.changed else "unchanged"
    return row


def _owned(planner: ListPlanner, line: ListLine, row: PlannedRow) -> bool:
    """Whether the row names one resource, which it then belongs to."""
    assert planner.items.owners is not None
    record = planner.items.owners.find(line.owner)
    if record is None:
        text = " ".join(line.owner.values())
        row.findings.append(file_finding("unknown_resource", line.row, None, text, text=text))
        return False
    line.given["resource"] = str(record.id)
    return True


def _key(planner: ListPlanner, line: ListLine) -> str | None:
    """What the row is about; None where it does not say it."""
    given = line.given
    match planner.kind:
        case "place":
            known = planner.reference.territory.find(str(given.get("code", "")))
            return known.code if known is not None else given.get("code")
        case "zone" | "rule":
            return given.get("id")
        case "vocabulary":
            return code_key({"scheme": OWN_SCHEME} | given) if "code" in given else None
        case "contact":
            return "|".join([given["resource"], str(given.get("role")), str(given.get("name"))])
        case "stock":
            return None if "item_code" not in given else stock_key(given["resource"], _stock(given))
    if _is_uuid(given.get("id")):
        return str(UUID(given["id"]))
    named = [line.external_id] if line.external_id else [given.get(name) for name in NAMING]
    if not any(named):
        return None
    text = msgspec.json.encode([planner.kind, planner.exercise, planner.system, *named], order="sorted")
    return str(uuid5(LISTED, text.decode()))


def _stock(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"scheme": "gbt38565"} | dict(given)


def _is_uuid(text: Any) -> bool:
    try:
        UUID(text)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _subject(kind: ListKind, key: str) -> UUID:
    match kind:
        case "place" | "zone" | "rule":
            return subject_of(kind, key)
        case "contact" | "stock" | "vocabulary":
            return contact_id(key)
    return UUID(key)


def _body(planner: ListPlanner, line: ListLine, key: str, stored: StoredItem | None) -> dict[str, Any]:
    """The members of the item with what the row states: an empty cell leaves a value, a dash clears it."""
    body = {} if stored is None else dict(stored.body)
    body |= members_of(planner.kind, line.given, body)
    for name in line.cleared:
        body[name] = [] if isinstance(body.get(name), list) else None
    if planner.kind == "place":
        body["code"] = key
    elif planner.kind == "vocabulary":
        body = {"scheme": OWN_SCHEME} | body
    elif planner.kind == "zone":
        _say_source(planner, body, stored)
    elif planner.kind not in (*OF_NO_REGISTER, *OF_AN_OFFICE):
        body |= {"register": planner.kind, "id": key, "exercise": planner.exercise}
    return body


def _say_source(planner: ListPlanner, body: dict[str, Any], stored: StoredItem | None) -> None:
    """A new drawing of a zone comes from this file."""
    if body.get("geometry") != (None if stored is None else stored.body.get("geometry")):
        body["source"] = {"kind": "import", "reference": planner.reference_name}


def _whole(kind: ListKind, body: Mapping[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = msgspec.to_builtins(msgspec.convert(body, body_of(kind)))
    return whole


def _admitted(planner: ListPlanner, body: Any) -> tuple[Any, list[Finding]]:
    """The item as it may be stored, None where it is refused, and what was found of it."""
    read = read_members(body, body_of(planner.kind))
    if read.value is None:
        return None, list(read.findings)
    value, found = examine_members(read.value, planner.reference, now())
    found = [*read.findings, *found]
    try:
        value = _checked(planner, value, found)
    except Invalid as error:
        reason = {"reason": Message(error.zh or error.detail, error.detail)}
        found.append(finding("rule_broken", pointer_of_field(error.field or ""), **reason))
    return value, found


def _checked(planner: ListPlanner, value: Any, found: list[Finding]) -> Any:
    if isinstance(value, PlaceLine):
        _check_parent(planner, value, found)
        _check_shape(value.geometry)
    elif isinstance(value, ZoneLine):
        _check_drawing(value)
    elif isinstance(value, VocabularyCode):
        check_words(value.subject, value.code)
    elif isinstance(value, Rule):
        _check_rule(planner, value, found)
    elif planner.kind not in (*OF_NO_REGISTER, *OF_AN_OFFICE):
        value = admitted_entry(value)
        check_entry(value)
    return value


def _check_shape(shape: Any) -> None:
    if shape is not None:
        wkb(shape)


def _check_drawing(line: ZoneLine) -> None:
    drawing = line.drawing()
    if drawing is not None:
        check_geometry(line.zone(), drawing)
        _check_shape(drawing.geometry)


def _check_rule(planner: ListPlanner, rule: Rule, found: list[Finding]) -> None:
    check_rule(rule)
    if rule.provision not in planner.provisions:
        raise Invalid(
            f"there is no provision {rule.provision}", field="provision", zh=f"没有条款 {rule.provision}"
        )
    if rule.territory is not None and planner.reference.territory.find(rule.territory) is None:
        near = planner.reference.territory.nearest(rule.territory)
        figures = {"code": rule.territory, "near": Message("", "")}
        found.append(finding("unknown_place", "/territory", rule.territory, near and near.code, **figures))


def _check_parent(planner: ListPlanner, place: PlaceLine, found: list[Finding]) -> None:
    territory = planner.reference.territory
    known = territory.find(place.parent or "")
    if place.parent is not None and known is None and place.parent not in planner.codes:
        near = territory.nearest(place.parent)
        figures = {"code": place.parent, "near": Message("", "")}
        found.append(finding("unknown_place", "/parent", place.parent, near and near.code, **figures))
    above = {one.code for one in territory.above("" if known is None else known.code)}
    is_own = planner.scope is None or above & set(planner.scope)
    if not is_own and place.parent not in planner.codes:
        found.append(file_finding("outside_scope", None))


def _placed(one: Finding, row: int, context: SheetContext) -> Finding:
    """A finding with the cell that it is about."""
    member = (one.field or "").strip("/").partition("/")[0]
    fields = list_fields(context.kind) if context.kind in LIST_KINDS else {}
    names = [name for name, listed in fields.items() if listed.member == member]
    columns = [column for name in names if (column := context.column(name)) is not None]
    at = letters(columns[0].index) if columns else None
    return structs.replace(one, row=row, column=at)

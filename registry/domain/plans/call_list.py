"""Whom to call about a hazard at a place: bodies first, then persons, then hotlines by topic."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from registry.domain.plans.entry import Entry, Hotline, Organisation, Register, Responsibility, register_of
from registry.domain.plans.provision import Words
from registry.domain.proximity.hazard import Relation, related
from registry.domain.records.resource import Source
from registry.domain.values import Name

RELATIONS: tuple[Relation | None, ...] = (
    "named",
    "wider",
    "narrower",
    "follows",
    "superior",
    "general",
    None,
)
"""The order of a list: those that name the hazard first, those that name none last."""
COMMANDS = (
    "field_headquarters",
    "special_command",
    "general_headquarters",
    "general_command",
    "command_centre",
    "special_committee",
    "committee",
)
"""Types of organisations that command, in the order in which they are called."""
MOST_LISTED = 100
"""Entries of one section; those that stand last are left to the registers."""


class CallListEntry(Struct, frozen=True, kw_only=True):
    """A body, person or number to call, what it is responsible for, and why it is on the list.

    `relation` is None where no hazard is asked about. `via` is the code, or the body, that it is related by.
    """

    id: UUID
    register: Register
    name: Name | None
    place: str | None
    responsible_for: list[str] = field(name="for")
    task: Name | None
    relation: Relation | None
    via: str | None
    """The line by which it is on the list."""
    type: str | None
    role: str | None
    organisation: UUID | None
    hazard_point: UUID | None
    duty: list[str]
    hours: str | None
    telephone: str | None
    sources: list[Source]


class CallList(Struct, frozen=True, kw_only=True):
    """Whom to call, in order; `missing` says what is not recorded. The registers are open lists."""

    place: str | None
    hazard: str | None
    organisations: list[CallListEntry]
    persons: list[CallListEntry]
    hotlines: list[CallListEntry]
    missing: list[Words]
    """What nobody recorded, in words."""


NO_PLACE = Words(
    "没有一个已登记的地点包含全部警情位置，无法判断属地",
    "no place on record holds all of the origin, so it has no territory",
)
NO_BODY = Words(
    "没有登记负责此灾种的机构；未登记不等于没有",
    "no body is recorded for this hazard here or above; that proves nothing",
)
NO_PERSON = Words(
    "没有登记负责此灾种的值守或责任人；未登记不等于没有",
    "nobody on duty or responsible is recorded for this hazard here or above; that proves nothing",
)
NO_HOTLINE = Words("没有登记此事项的热线", "no hotline is recorded for this topic here or above")
NO_TELEPHONE = Words(
    "名单上的机构和责任人都没有登记公开电话",
    "none of the listed bodies and persons has a published telephone on record",
)


def call_list(entries: Sequence[Entry], chain: Sequence[str], hazard: str | None) -> CallList:
    """The call list from the entries that apply at a place.

    `chain` is the place and all above it, the smallest first. `hazard` may have a scheme; None lists all.
    """
    code = None if hazard is None else hazard.rpartition(":")[2]
    order = {place: number for number, place in enumerate(chain)}
    reasons = _reasons(entries, code)
    listed = sorted(
        (_listed(entry, *reasons[entry.id]) for entry in entries if entry.id in reasons),
        key=lambda item: _rank(item, order),
    )
    sections: dict[Register, list[CallListEntry]] = {
        register: [item for item in listed if item.register == register][:MOST_LISTED]
        for register in ("organisation", "responsibility", "hotline")
    }
    bodies, persons, hotlines = sections.values()
    return CallList(
        place=chain[0] if chain else None,
        hazard=code,
        organisations=bodies,
        persons=persons,
        hotlines=hotlines,
        missing=list(_missing(chain, bodies, persons, hotlines)),
    )


def _reasons(entries: Sequence[Entry], hazard: str | None) -> dict[UUID, tuple[Relation | None, str | None]]:
    """Why each entry is on the list; those that are for something else are not in it."""
    if hazard is None:
        return {entry.id: (None, None) for entry in entries}
    codes = related(hazard)
    reasons: dict[UUID, tuple[Relation | None, str | None]] = {
        entry.id: reason for entry in entries if (reason := _reason(entry, codes)) is not None
    }
    bodies = {entry.id: entry for entry in entries if isinstance(entry, Organisation)}
    for identity in [known for known, (relation, _) in reasons.items() if relation != "general"]:
        below, body = identity, bodies.get(identity)
        while body is not None and body.parent in bodies and body.parent not in reasons:
            reasons[body.parent] = ("superior", str(below))
            below, body = body.parent, bodies[body.parent]
    return reasons


def _reason(entry: Entry, codes: dict[str, Relation]) -> tuple[Relation, str | None] | None:
    about = _about(entry)
    if not about:
        return "general", None
    met = [code for code in about if code in codes]
    code = min(met, key=lambda code: RELATIONS.index(codes[code]), default=None)
    return None if code is None else (codes[code], code)


def _about(entry: Entry) -> list[str]:
    """The hazards and topics that an entry names."""
    return [*getattr(entry, "hazards", ()), *getattr(entry, "topic", ())]


def _listed(entry: Entry, relation: Relation | None, via: str | None) -> CallListEntry:
    assert isinstance(entry, Organisation | Responsibility | Hotline)
    values: Any = {name: getattr(entry, name, None) for name in ("type", "role", "organisation", "task")}
    return CallListEntry(
        id=entry.id,
        register=register_of(entry),
        name=entry.name,
        place=entry.place,
        responsible_for=_about(entry),
        relation=relation,
        via=via,
        hazard_point=getattr(entry, "hazard_point", None),
        duty=getattr(entry, "duty", []),
        hours=getattr(entry, "hours", None),
        telephone=entry.number if isinstance(entry, Hotline) else entry.contact,
        sources=entry.sources,
        **values,
    )


def _rank(item: CallListEntry, order: dict[str, int]) -> tuple[Any, ...]:
    """Those for one hazard point come after those for the place, and a smaller place before a larger."""
    command = COMMANDS.index(item.type) if item.type in COMMANDS else len(COMMANDS)
    near = order.get(item.place or "", len(order))
    return RELATIONS.index(item.relation), command, item.hazard_point is not None, near, item.id


def _missing(
    chain: Sequence[str], bodies: Sequence[Any], persons: Sequence[Any], hotlines: Sequence[Any]
) -> Iterable[Words]:
    if not chain:
        yield NO_PLACE
    for section, nothing in ((bodies, NO_BODY), (persons, NO_PERSON), (hotlines, NO_HOTLINE)):
        if not section:
            yield nothing
    if (bodies or persons) and not any(item.telephone for item in [*bodies, *persons]):
        yield NO_TELEPHONE

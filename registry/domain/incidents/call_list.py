"""The call list of an incident: bodies, duty desks, persons, teams, and who else must be told, in order."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from registry.domain.plans.call_list import CallList, CallListEntry
from registry.domain.plans.provision import Words
from registry.domain.values import Name

SectionName = Literal["bodies", "duty_desks", "persons", "teams", "also_tell"]
SECTIONS: dict[SectionName, Words] = {
    "bodies": Words("指挥机构", "Command bodies"),
    "duty_desks": Words("值班电话与热线", "Duty desks and hotlines"),
    "persons": Words("责任人", "Responsible persons"),
    "teams": Words("队伍", "Teams"),
    "also_tell": Words("另须告知", "Also to be told"),
}
ORDER = Words(
    "先指挥机构，再值班电话，再责任人，再队伍（可用先于休班，专业对口先于综合，近者先），最后是另须告知者；"
    "同一节中点名本灾种者在前，小地方在前",
    "command bodies, then duty desks, then responsible persons, then teams (available before off duty,"
    " specialists before comprehensive, then the nearer), then who else must be told; within a section those"
    " that name the hazard come first, and the smaller place before the larger",
)
DUTY_ROLES = ("duty", "duty_officer", "duty_desk", "watch", "control_room")
LEVELS: dict[str, Words] = {
    "province": Words("市（省）级", "municipal"),
    "prefecture": Words("地级", "prefecture"),
    "district": Words("区（县）级", "district"),
    "town": Words("镇（街道）级", "town"),
}
"""The levels of territory at which somebody has to answer, by the level of the place."""
_EXTENSION = re.compile(r"(?:转|ext\.?|x)\s*(\d{1,6})\s*$", re.IGNORECASE)


class HoldingPlace(Struct, frozen=True, kw_only=True):
    """A place that holds the incident, with its level."""

    code: str
    level: str
    name: Name
    partner: bool = False
    """Whether it lies outside the jurisdiction."""


class CallLine(Struct, frozen=True, kw_only=True):
    """A line of the list: whom to call for what, on which number, and whether somebody stated it.

    `tel` is the number as a URI (RFC 3966). `stated` says that a source states the line; `as_of` is the date
    of the newest source that has one. Lines of teams carry their fitness and distance.
    """

    id: UUID
    register: str
    name: Name | None
    place: str | None
    what_for: list[str]
    task: Name | None = None
    role: str | None = None
    """Role of whom to call."""
    relation: str | None = None
    """How the place of the line relates to that of the incident."""
    telephone: str | None = None
    tel: str | None = None
    hours: str | None = None
    stated: bool = False
    """Whether somebody stated it, or it only follows."""
    as_of: str | None = None
    verified_at: str | None = None
    fitness: Any = None
    distance_m: float | None = None
    committed_to: Any = None


class CallSection(Struct, frozen=True, kw_only=True):
    """A section of the list with its lines in the order in which they are called."""

    name: SectionName
    """Which part of the list it is."""
    label: Words
    lines: list[CallLine]


class IncidentCallList(Struct, frozen=True, kw_only=True):
    """The call list, the territory that it is for, and what is missing; the registers are open lists."""

    incident: UUID | None
    hazard: str | None
    order: Words
    """The rule that the order follows, in words."""
    territory: list[HoldingPlace]
    sections: list[CallSection]
    missing: list[Words]
    """What nobody recorded, in words."""


def tel_of(telephone: str | None) -> str | None:
    """The first number in a text as a `tel:` URI; None when there is none."""
    if telephone is None:
        return None
    text = telephone.replace("－", "-").replace("（", "(").replace("）", ")")
    extension = _EXTENSION.search(text)
    match = re.search(r"\+?\(?\d[\d\-() ]*\d", text[: extension.start()] if extension else text)
    digits = "" if match is None else re.sub(r"[^\d+]", "", match[0])
    if len(digits) < 3:
        return None
    return f"tel:{digits}" + (f";ext={extension[1]}" if extension else "")


def sections(
    responsible: CallList, teams: Sequence[CallLine], partners: Sequence[HoldingPlace]
) -> list[CallSection]:
    """The sections in their order. Bodies that answer for a related hazard, and partners, are also told."""
    bodies = [one for one in responsible.organisations if one.relation not in ("follows", "narrower")]
    related = [one for one in responsible.organisations if one.relation in ("follows", "narrower")]
    duty = [one for one in responsible.persons if _is_duty(one)]
    persons = [one for one in responsible.persons if not _is_duty(one)]
    lines: Mapping[SectionName, list[CallLine]] = {
        "bodies": [_line(one) for one in bodies],
        "duty_desks": [_line(one) for one in [*duty, *responsible.hotlines]],
        "persons": [_line(one) for one in persons],
        "teams": list(teams),
        "also_tell": [_line(one) for one in related] + [_partner(one) for one in partners],
    }
    return [CallSection(name=name, label=label, lines=lines[name]) for name, label in SECTIONS.items()]


def _is_duty(one: CallListEntry) -> bool:
    return bool(one.role in DUTY_ROLES or one.duty)


def _line(one: CallListEntry) -> CallLine:
    dates = [str(source.as_of) for source in one.sources if source.as_of is not None]
    return CallLine(
        id=one.id,
        register=one.register,
        name=one.name,
        place=one.place,
        what_for=one.responsible_for,
        task=one.task,
        role=one.role or one.type,
        relation=one.relation,
        telephone=one.telephone,
        tel=tel_of(one.telephone),
        hours=one.hours,
        stated=any(source.confidence == "stated" for source in one.sources),
        as_of=max(dates, default=None),
    )


def _partner(territory: HoldingPlace) -> CallLine:
    return CallLine(
        id=UUID(int=0),
        register="place",
        name=territory.name,
        place=territory.code,
        what_for=[],
        role="partner",
    )


def missing(
    responsible: CallList,
    listed: Sequence[CallSection],
    territory: Sequence[HoldingPlace],
    hazard: Words | None,
) -> list[Words]:
    """What nobody recorded: a section without lines, and each level without a number of its own."""
    words = [*responsible.missing]
    numbered = {line.place for section in listed for line in section.lines if line.telephone and line.place}
    words += [
        _no_number(one, hazard)
        for one in territory
        if one.level in LEVELS and not one.partner and one.code not in numbered
    ]
    return [*words, *_no_lines(listed)]


def _no_number(place: HoldingPlace, hazard: Words | None) -> Words:
    zh, en = ("", "") if hazard is None else (hazard.zh, f" for {hazard.en}")
    return Words(
        f"没有登记{place.name.zh or place.name.en}的{zh}值班电话（{LEVELS[place.level].zh}）",
        f"no duty number{en} is recorded for {place.name.en or place.name.zh} ({LEVELS[place.level].en})",
    )


def _no_lines(listed: Iterable[CallSection]) -> list[Words]:
    return [
        Words("没有登记可派的队伍", "no team is recorded for this")
        for section in listed
        if section.name == "teams" and not section.lines
    ]

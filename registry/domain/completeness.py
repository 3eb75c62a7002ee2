"""How complete the answer about a set is: what is listed, what could not be decided, what was excluded.

A list is open until somebody declares it complete (ISO 19157, completeness). Published totals stand
beside it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from math import inf
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from registry.domain.conditions import Filter
from registry.domain.conditions import declared as declared_conditions
from registry.domain.plans.entry import Inventory
from registry.domain.plans.provision import Operator, Provision, Requirement, Words
from registry.domain.records.resource import Kind

State = Literal["open", "complete", "mixed"]
Scope = Literal["same", "wider", "narrower", "overlapping"]
"""A statement about a set beside the question's: both its conditions and its place count."""
Reason = Literal[
    "candidate_places",
    "uncertainty",
    "no_position",
    "unknown_value",
    "internal_cell",
    "no_travel_time",
    "no_line_of_sight",
]
SEVERAL = "several"
"""The key in `excluded` of records that two or more conditions keep out."""
MOST_NAMED = 50
"""Undecided records that an answer names; all beyond are `more`."""
AT_LEAST: tuple[Operator, ...] = ("eq", "ge", "gt")
AT_MOST: tuple[Operator, ...] = ("eq", "le", "lt")


class ListingCount(Struct, frozen=True):
    """How many records are listed, how many of them have a position, and how many are placeholders."""

    listed: int = 0
    located: int = 0
    placeholders: int = 0


class PublishedTotal(Struct, frozen=True, kw_only=True):
    """A total that a document publishes, beside the records of its own conditions and place."""

    total: int
    operator: Operator
    as_of: str | None
    """The day that the document tells of."""
    provision: str
    locator: str
    """Where in the document the total is printed."""
    place: str | None
    """Code of the place that the total is for."""
    scope: Scope
    listed: int = 0
    placeholders: int = 0


class Declaration(Struct, frozen=True, kw_only=True):
    """An inventory: somebody declared on a date that nothing exists beside what is listed.

    `whole` is false where it holds for a part of the question only.
    """

    inventory: str
    place: str | None
    """Code of the place that it is declared for."""
    by: str | None
    """Who declared it."""
    on: date
    """The day that it was declared for."""
    whole: bool


def published_total(
    provision: Provision, required: Requirement, count: ListingCount, *, place: str | None, scope: Scope
) -> PublishedTotal:
    """The total that a provision publishes for a place, beside the records of its conditions."""
    return PublishedTotal(
        total=int(required.value),
        operator=required.operator,
        as_of=provision.as_of_text,
        provision=provision.id,
        locator=provision.locator,
        place=place,
        scope=scope,
        listed=count.listed,
        placeholders=count.placeholders,
    )


def declaration(inventory: Inventory, *, whole: bool) -> Declaration:
    """What an inventory declares, for the whole of a question or for a part of it."""
    return Declaration(
        inventory=str(inventory.id),
        place=inventory.place,
        by=inventory.declared_by,
        on=inventory.on,
        whole=whole,
    )


class Completeness(Struct, frozen=True, kw_only=True):
    """The quality of a listing. `missing` is how many more exist at least, None when it is not known."""

    state: State
    """Whether the list is open, declared complete, or both in parts."""
    listed: int
    located: int
    placeholders: int
    published: list[PublishedTotal] = field(default_factory=list)
    """Totals that documents publish for the question."""
    missing: int | None = None
    """How many more exist at least; null when it is not known."""
    declared: list[Declaration] = field(default_factory=list)
    known_since: datetime | UnsetType = UNSET
    """When the first change was recorded, in an answer about an instant before it: it proves nothing."""


class UndecidedRecord(Struct, frozen=True, kw_only=True):
    """A record that may belong to the answer or not, with the least and greatest distance that it may have.

    None is an unbounded distance. `unknown` names the conditions that its unknown values leave open.
    """

    id: str
    kind: Kind
    """Its kind."""
    name: dict[str, str | None]
    reason: Reason
    """Why it could not be decided."""
    distance_min_m: float | None
    distance_max_m: float | None
    unknown: list[str] | UnsetType = UNSET
    watch_radius_m: float | UnsetType = UNSET


class Undecided(Struct, frozen=True):
    """The records that may belong to the answer: their number, whether there are more, the first by name."""

    count: int
    """How many they are."""
    more: bool
    resources: list[UndecidedRecord]


class NearestExcluded(Struct, frozen=True):
    """The nearest record that only one condition keeps out."""

    id: str
    distance_m: float | None


class Exclusion(Struct, frozen=True, kw_only=True):
    """How many records only this condition keeps out: those that do not state the value, and the others.

    With `more` not all records of the list were looked at, so that there may be more of both.
    """

    not_stated: int = 0
    otherwise: int = 0
    nearest: NearestExcluded | None = None
    """The nearest record that only this condition keeps out."""
    more: bool | UnsetType = UNSET


Excluded = dict[str, Exclusion]
"""By the name of the condition. `several` holds the records that two or more conditions keep out."""


def exclusions(
    excluded: Iterable[Mapping[str, Any]],
    not_stated: Iterable[Mapping[str, Any]],
    nearest: Callable[[Mapping[str, Any]], NearestExcluded | None] = lambda row: None,
    *,
    more: bool = False,
) -> Excluded:
    """How many each condition keeps out, from rows of name and n; `nearest` reads it from an excluded row."""
    silent = {row["name"]: int(row["n"]) for row in not_stated}
    others = {row["name"]: row for row in excluded}
    return {
        name: Exclusion(
            not_stated=silent.get(name, 0),
            otherwise=int(others[name]["n"]) if name in others else 0,
            nearest=nearest(others[name]) if name in others else None,
            more=more or UNSET,
        )
        for name in sorted({*silent, *others})
    }


NOTHING_UNDECIDED = Undecided(0, False, [])


class SetAnswer(Struct, frozen=True, kw_only=True):
    """An answer about a set of records: no such answer exists without these three members."""

    completeness: Completeness
    undecided: Undecided
    excluded: Excluded


def of_set(answer: SetAnswer) -> dict[str, Any]:
    """The members that every answer about a set has, of this one."""
    return {name: getattr(answer, name) for name in SetAnswer.__struct_fields__}


class FeatureSetAnswer(SetAnswer, frozen=True, kw_only=True, tag_field="type", tag="FeatureCollection"):
    """An answer about a set as a GeoJSON FeatureCollection of rendered features."""

    features: list[Any]
    links: list[dict[str, str]] = field(default_factory=list)
    none: Words | UnsetType = UNSET
    """Why there are no features."""


def completeness(
    count: ListingCount, published: Sequence[PublishedTotal], declared: Sequence[Declaration]
) -> Completeness:
    """The completeness of one listing from its counts, the published totals and the declarations."""
    state = state_of(declared)
    return Completeness(
        state=state,
        listed=count.listed,
        located=count.located,
        placeholders=count.placeholders,
        published=list(published),
        missing=0 if state == "complete" else missing_at_least(published),
        declared=list(declared),
    )


def state_of(declared: Sequence[Declaration]) -> State:
    """Complete when a declaration holds for all that is asked, mixed when some hold for parts of it."""
    if any(declaration.whole for declaration in declared):
        return "complete"
    return "mixed" if declared else "open"


def missing_at_least(published: Sequence[PublishedTotal]) -> int | None:
    """How many more exist at least than are listed; None without a total that lies within the question.

    A placeholder is made from a total, so that it does not count as listed.
    """
    shortfalls = [
        _least(total) - total.listed + total.placeholders
        for total in published
        if total.scope in ("same", "narrower") and total.operator in AT_LEAST
    ]
    return max(0, *shortfalls) if shortfalls else None


def unlisted_at_most(answer: Completeness) -> int | None:
    """How many more may exist at most than the records, placeholders among them; None when unbounded."""
    if answer.state == "complete":
        return 0
    rooms = [
        _most(total) - total.listed
        for total in answer.published
        if total.scope in ("same", "wider") and total.operator in AT_MOST
    ]
    return max(0, min(rooms)) if rooms else None


def _least(total: PublishedTotal) -> int:
    return total.total + 1 if total.operator == "gt" else total.total


def _most(total: PublishedTotal) -> int:
    return total.total - 1 if total.operator == "lt" else total.total


def merged(parts: Sequence[Completeness]) -> Completeness:
    """The completeness of several listings that share no record, of several kinds or places.

    Missing records are summed; the sum is not known where one of them is not.
    """
    states = {part.state for part in parts}
    missing = [part.missing for part in parts]
    return Completeness(
        state=states.pop() if len(states) == 1 else "mixed",
        listed=sum(part.listed for part in parts),
        located=sum(part.located for part in parts),
        placeholders=sum(part.placeholders for part in parts),
        published=list({total.provision: total for part in parts for total in part.published}.values()),
        missing=None if None in missing else sum(value for value in missing if value is not None),
        declared=list({one.inventory: one for part in parts for one in part.declared}.values()),
    )


def joined(parts: Sequence[SetAnswer]) -> SetAnswer:
    """The three members of several sets that share no record; of no set, an open list of nothing."""
    if not parts:
        return SetAnswer(
            completeness=completeness(ListingCount(), [], []), undecided=NOTHING_UNDECIDED, excluded={}
        )
    return SetAnswer(
        completeness=merged([part.completeness for part in parts]),
        undecided=joined_undecided([part.undecided for part in parts]),
        excluded=_joined_exclusions([part.excluded for part in parts]),
    )


def joined_undecided(parts: Sequence[Undecided]) -> Undecided:
    """The records that may belong to any of several sets, each once."""
    records = {one.id: one for part in parts for one in part.resources}
    more = len(records) > MOST_NAMED or any(part.more for part in parts)
    return Undecided(len(records), more, list(records.values())[:MOST_NAMED])


def _joined_exclusions(parts: Sequence[Excluded]) -> Excluded:
    names = sorted({name for part in parts for name in part})
    return {name: _summed([part[name] for part in parts if name in part]) for name in names}


def _summed(parts: Sequence[Exclusion]) -> Exclusion:
    near = [part.nearest for part in parts if part.nearest is not None]
    return Exclusion(
        not_stated=sum(part.not_stated for part in parts),
        otherwise=sum(part.otherwise for part in parts),
        nearest=min(near, key=lambda one: inf if one.distance_m is None else one.distance_m, default=None),
        more=True if any(part.more is True for part in parts) else UNSET,
    )


def scope_of(
    conditions: Mapping[str, Sequence[str]], asked: Mapping[str, Sequence[str]], place: Scope
) -> Scope | None:
    """A statement's scope beside the question's; None when no record can meet both conditions.

    `place` compares the two places. A condition lists the values that meet it.
    """
    shared = conditions.keys() & asked.keys()
    if any(set(conditions[name]).isdisjoint(asked[name]) for name in shared):
        return None
    within = all(name in conditions and set(conditions[name]) <= set(asked[name]) for name in asked)
    holds = all(name in asked and set(asked[name]) <= set(conditions[name]) for name in conditions)
    narrower = within and place in ("same", "narrower")
    wider = holds and place in ("same", "wider")
    if narrower and wider:
        return "same"
    if narrower:
        return "narrower"
    return "wider" if wider else "overlapping"


def why_none(answer: SetAnswer) -> Words:
    """The sentence that says why an answer has no certain member."""
    parts = [
        *_said_of_beginning(answer.completeness),
        _said_of_listing(answer.completeness),
        *_said_of_excluded(answer.excluded),
        *_said_of_undecided(answer.undecided),
    ]
    return Words(
        zh="；".join(part.zh for part in parts) + "。", en="; ".join(part.en for part in parts) + "."
    )


def _said_of_beginning(listing: Completeness) -> list[Words]:
    if not isinstance(listing.known_since, datetime):
        return []
    day = listing.known_since.isoformat(timespec="seconds")
    return [Words(f"登记系统自 {day} 起才有记录", f"nothing was recorded before {day}")]


def _said_of_listing(listing: Completeness) -> Words:
    listed = Words(f"已列 {listing.listed} 个", f"{listing.listed} listed")
    if listing.state == "complete":
        return _said_of_declared(listing, listed)
    totals = [total for total in listing.published if total.scope != "overlapping"]
    zh = "".join(f"公布 {total.total} 个（{total.locator}），" for total in totals)
    en = "".join(f"{total.total} published ({total.locator}), " for total in totals)
    return Words(f"清单未声明完整：{zh}{listed.zh}", f"the list is open: {en}{listed.en}")


def _said_of_declared(listing: Completeness, listed: Words) -> Words:
    whole = [one for one in listing.declared if one.whole]
    zh = "、".join(f"{one.by or ''}于 {one.on} " for one in whole)
    en = ", ".join(f"{f'by {one.by} ' if one.by else ''}on {one.on}" for one in whole)
    return Words(f"{zh}声明清单完整：{listed.zh}", f"the list was declared complete {en}: {listed.en}")


def _said_of_excluded(excluded: Excluded) -> list[Words]:
    return [
        _said_of_exclusion(name, one) for name, one in excluded.items() if one.not_stated or one.otherwise
    ]


def _said_of_exclusion(name: str, one: Exclusion) -> Words:
    counts = []
    beyond = "+" if one.more is True else ""
    if one.otherwise:
        near = None if one.nearest is None else one.nearest.distance_m
        counts.append(
            Words(
                f"{one.otherwise}{beyond} 个不符" + ("" if near is None else f"（最近 {near:.0f} 米）"),
                f"{one.otherwise}{beyond} otherwise"
                + ("" if near is None else f" (the nearest at {near:.0f} m)"),
            )
        )
    if one.not_stated:
        counts.append(Words(f"{one.not_stated}{beyond} 个未说明", f"{one.not_stated}{beyond} not stated"))
    label = _label(name)
    return Words(
        f"{label.zh}：{'，'.join(count.zh for count in counts)}",
        f"{label.en}: {', '.join(count.en for count in counts)}",
    )


def _label(name: str) -> Words:
    condition = declared_conditions(Filter).get(name)
    if condition is not None:
        return Words(condition.zh, condition.en)
    return Words("多个条件", "several conditions") if name == SEVERAL else Words(name, name)


def _said_of_undecided(undecided: Undecided) -> list[Words]:
    if not undecided.count:
        return []
    several = f"{undecided.count}{'+' if undecided.more else ''}"
    return [Words(f"{several} 个可能属于，无法判定", f"{several} may belong and cannot be decided")]

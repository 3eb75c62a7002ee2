"""Everything about an alarm at one spot, as of one instant."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.datastructures import State
from litestar.params import JSONBody
from msgspec import Meta

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.domain.access.sight import Sight
from registry.domain.conditions import CodedText, Conditions, filter_of
from registry.domain.plans.entry import Entry
from registry.domain.proximity.hazard import specialties_for
from registry.domain.proximity.origin import Origin, Start, as_spot
from registry.domain.proximity.ranking import Ranking
from registry.domain.records.resource import Tier
from registry.domain.search import Filter
from registry.domain.values import Count, Metres
from registry.services.proximity import start as starting
from registry.services.proximity.duties import Rules, about, duties, rules
from registry.services.proximity.hits import Describing, describing, hit, kept_out, why
from registry.services.proximity.watching import WATCHER, UntestedList, judged
from registry.store.database.pool import Reader, Row
from registry.store.places import places
from registry.store.proximity.knn_columns import MOST_COUNTED, Hits
from registry.store.proximity.nearest import nearest_of_each
from registry.store.proximity.within import SearchBound, undecidable

MOST_PLACES = 60
"""Places that hold a part of the origin; those that hold all of it are never too many."""
MOST_NAMED = 100
"""Untested watch points that are named; all are counted."""
LEFT_OUT_M = 20_000.0
TIERS: tuple[Tier, ...] = ("community", "town", "district")
"""Of depots, from the nearest to hand to the last resort."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something happens, and what; `k` of each kind of help, `persons` to shelter."""

    origin: Origin
    hazard: CodedText | None = None
    k: Annotated[int, Meta(ge=1, le=50)] = 3
    persons: Count = 1
    max_m: Metres | None = None


class Help(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of help, nearest first, with what was left out; `unlocated` counts up to 50."""

    asked: Mapping[str, Any]
    features: list[msgspec.Raw]
    unlocated: int
    more_unlocated: bool
    left_out: dict[str, Any]


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """The watch points that cover the spot, or the disc that holds a drawn origin."""

    disc: dict[str, float] | None
    features: list[msgspec.Raw]
    untested: UntestedList
    ruled_out: int


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known around the alarm, all of it at `as_of`; `more_places`: only the smallest are listed."""

    as_of: datetime
    origin: dict[str, Any]
    hazard: str | None
    places: list[dict[str, Any]]
    more_places: bool
    responsible: list[Entry]
    hotlines: list[Entry]
    rules: Rules
    covering: Watch
    teams: Help
    shelters: Help
    depots: dict[str, Help]
    checkpoints: Help
    partners: Help


class Asking(msgspec.Struct, frozen=True):
    """One snapshot and what every part of the answer needs."""

    reader: Reader
    sight: Sight
    start: Start
    alarm: Alarm
    now: datetime
    stale_days: float


def coded(code: str) -> str:
    """A code with its scheme, the registry's own when it has none."""
    return code if ":" in code else f"registry:{code}"


@post("/situation", status_code=200)
async def ask_situation(state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[Alarm]) -> Situation:
    """Places, watchers, teams, shelters, depots up the tiers, checkpoints and partners around an alarm."""
    async with reader.snapshot(one_plan=True) as snapshot:
        return await situation(snapshot, sight, data, state.settings.stale_after_days)


async def situation(reader: Reader, sight: Sight, alarm: Alarm, stale_days: float) -> Situation:
    """The whole answer, read from one snapshot."""
    now = sight.as_of or datetime.now(UTC)
    start = await starting.start_of(reader, alarm.origin)
    ask = Asking(reader, sight, start, alarm, now, stale_days)
    chain, more_places = await _places(ask)
    codes = [place["code"] for place in chain if place["holds_all"]]
    duty = await duties(reader, sight, codes)
    watch = await _watch(ask)
    teams, shelters, checkpoints, partners, *depots = await _help(ask, _helpers(alarm))
    return Situation(
        as_of=now,
        origin=start.described,
        hazard=alarm.hazard,
        places=chain,
        more_places=more_places,
        responsible=about(duty.responsible, alarm.hazard),
        hotlines=duty.hotlines,
        rules=await rules(reader, start),
        covering=watch,
        teams=teams,
        shelters=shelters,
        depots=dict(zip(TIERS, depots, strict=True)),
        checkpoints=checkpoints,
        partners=partners,
    )


def _helpers(alarm: Alarm) -> list[Conditions]:
    """Teams of the right specialty, open shelters with room, checkpoints, partners, depots up the tiers."""
    specialties = specialties_for(alarm.hazard)
    hazards = None if alarm.hazard is None else [coded(alarm.hazard)]
    room = {"opening": "open", "free_persons": alarm.persons, "hazards_any": hazards}
    return [
        Conditions(kind="rescue_team", specialties_any=tuple(specialties) if specialties else None),
        msgspec.convert({"kind": "shelter", **_given(room)}, Conditions),
        Conditions(kind="fire_watch_point", form="checkpoint"),
        Conditions(partners="only"),
        *(Conditions(kind="supply_depot", tier=tier, partners="exclude") for tier in TIERS),
    ]


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


async def _help(ask: Asking, asked: Sequence[Conditions]) -> list[Help]:
    """The nearest help of every sort."""
    wants = [filter_of(conditions, ask.now) for conditions in asked]
    found = await nearest_of_each(
        ask.reader, ask.sight, wants, ask.start, k=ask.alarm.k, max_m=ask.alarm.max_m
    )
    every = [row for hits in found for row in hits.rows]
    with_ = await describing(ask.reader, ask.start, Ranking(), wants[0], ask.now, ask.stale_days, every)
    bounds = [_bound(ask, wanted, hits) for wanted, hits in zip(wants, found, strict=True)]
    sought = [bound for bound in bounds if bound.wanted.tier not in TIERS[:-1]]
    kept = dict(zip(sought, await undecidable(ask.reader, ask.sight, sought, ask.start), strict=True))
    return [
        _told(msgspec.structs.replace(with_, why=why(bound.wanted)), hits, kept.get(bound, []), bound.bound_m)
        for bound, hits in zip(bounds, found, strict=True)
    ]


def _bound(ask: Asking, wanted: Filter, found: Hits) -> SearchBound:
    bound_m = ask.alarm.max_m or LEFT_OUT_M
    if len(found.rows) == ask.alarm.k:
        bound_m = ask.start.distance_m(found.rows[-1]["distance_m"])
    return SearchBound(wanted, bound_m, found.scanned)


def _told(with_: Describing, found: Hits, kept: Sequence[Row], bound_m: float) -> Help:
    return Help(
        asked=with_.why,
        features=[hit(row, with_) for row in found.rows],
        unlocated=min(found.unlocated, MOST_COUNTED),
        more_unlocated=found.unlocated > MOST_COUNTED,
        left_out=kept_out(kept, bound_m),
    )


async def _watch(ask: Asking) -> Watch:
    start = as_spot(ask.start)
    wanted = filter_of(Conditions(kind=WATCHER), ask.now)
    found = await judged(ask.reader, ask.sight, wanted, start, named=MOST_NAMED)
    rows = [row for row, _ in found.sure]
    with_ = await describing(ask.reader, start, Ranking(), wanted, ask.now, ask.stale_days, rows)
    features = [hit(row, with_, certain=certain) for row, certain in found.sure]
    disc = start.described.get("disc")
    return Watch(disc=disc, features=features, untested=found.untested, ruled_out=found.ruled_out)


async def _places(ask: Asking) -> tuple[list[dict[str, Any]], bool]:
    start = ask.start
    if start.shape is not None:
        rows = await places.touched(ask.reader, start.shape, MOST_PLACES)
    elif start.uncertain:
        rows = await places.around(ask.reader, start.lon, start.lat, start.margin_m, MOST_PLACES)
    else:
        rows = await places.containing(ask.reader, start.lon, start.lat)
    told = [
        {
            "code": row["code"],
            "level": row["level"],
            "name": {"zh": row["name_zh"], "en": row["name_en"]},
            "assumed_extent": row["extent_basis"] != "boundary",
            "partner": row["partner"],
            "holds_all": bool(row.get("holds_all", True)),
        }
        for row in rows
    ]
    return told, any(row.get("found", 0) > len(rows) for row in rows)

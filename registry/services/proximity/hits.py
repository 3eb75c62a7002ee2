"""Hits as features: the record as it is stored, with distance, direction, age and why it is there."""

from collections.abc import Mapping, Sequence, Sized
from datetime import datetime, timedelta
from typing import Any

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.errors import NotFound
from registry.domain.geojson import FeatureCollection
from registry.domain.proximity.interval import compass
from registry.domain.proximity.origin import Start
from registry.domain.proximity.ranking import Ranking
from registry.domain.records.feature import with_figures
from registry.domain.search import Filter
from registry.store.database.pool import Reader
from registry.store.places import places
from registry.store.proximity import within as proximity
from registry.store.proximity.knn_columns import LISTED, MOST_COUNTED

Row = Mapping[str, Any]
METHOD = "straight_line_estimate"


class Near(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Hits in order; `unlocated` counts those that meet the conditions but have no position, up to 50.

    `left_out` counts what only an unknown value keeps out, by that value, within a distance.
    """

    origin: dict[str, Any]
    ranked_by: str
    unlocated: int
    more_unlocated: bool = False
    left_out: dict[str, Any] = msgspec.field(default_factory=dict)


class Describing(msgspec.Struct, frozen=True):
    """What every hit of one answer is described with."""

    start: Start
    ranking: Ranking
    why: Mapping[str, Any]
    now: datetime
    stale_after: timedelta
    partners: Mapping[str, Any]


def mm(metres: float | None) -> float | None:
    """Metres to the millimetre."""
    return None if metres is None else round(metres, 3)


def why(wanted: Filter) -> dict[str, Any]:
    """The conditions as they were asked."""
    return {name: value for name, value in wanted.given().items() if name != "valid_at"}


async def describing(
    reader: Reader,
    start: Start,
    ranking: Ranking,
    wanted: Filter,
    now: datetime,
    stale_days: float,
    rows: Sequence[Row],
) -> Describing:
    """How to describe these hits; asks for agreements only when there is a partner among them."""
    codes = {row["partner_of"] for row in rows} - {None}
    partners = await places.partners(reader, sorted(codes)) if codes else {}
    return Describing(start, ranking, why(wanted), now, timedelta(days=stale_days), partners)


def figures(row: Row, with_: Describing) -> dict[str, Any]:
    """What an answer adds to the record of a hit."""
    start, metres = with_.start, row["distance_m"]
    if metres is None:
        return {"distance_m": None, "why": _met(row, with_.why), **_age(row, with_), **_partner(row, with_)}
    interval = start.interval(metres, row["uncertainty_m"])
    added: dict[str, Any] = {
        "distance_m": mm(start.distance_m(metres)),
        "distance_min_m": mm(interval.min_m),
        "distance_max_m": mm(interval.max_m),
    }
    if start.shape is None:
        bearing_deg = row["bearing_deg"]
        added["bearing_deg"] = None if bearing_deg is None else round(bearing_deg, 2)
        added["compass"] = compass(bearing_deg)
    added["why"] = _met(row, with_.why)
    return added | _age(row, with_) | _partner(row, with_) | _measured(row) | _arrival(row, with_)


def _met(row: Row, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions that a hit met: of several codes those that it has."""
    some = {
        name: [code for code in asked[name] if code in row[column]]
        for name, column in LISTED.items()
        if name in asked
    }
    return {**asked, **some}


def _partner(row: Row, with_: Describing) -> dict[str, Any]:
    code = row["partner_of"]
    return {} if code is None else {"partner": with_.partners.get(code)}


def inside(row: Row, with_: Describing) -> msgspec.Raw:
    """A record that lies in a shape, as a Feature."""
    distances = {"distance_m": 0.0, "distance_min_m": 0.0, "distance_max_m": mm(row["uncertainty_m"])}
    added = {"why": _met(row, with_.why), **_age(row, with_), **_partner(row, with_)}
    return with_figures(row["feature"], distances | added)


def _age(row: Row, with_: Describing) -> dict[str, Any]:
    verified_at, status_at = row["verified_at"], row["status_at"]
    if verified_at is None:
        age = {"data_age_s": None, "stale": None}
    else:
        since = with_.now - verified_at
        age = {"data_age_s": round(since.total_seconds()), "stale": since > with_.stale_after}
    if row["seen_at"] is not None:
        age["position_age_s"] = round((with_.now - row["seen_at"]).total_seconds())
    if status_at is not None:
        age["status_age_s"] = round((with_.now - status_at).total_seconds())
    return age


def _measured(row: Row) -> dict[str, Any]:
    added: dict[str, Any] = {}
    if row.get("room") is not None:
        known = row["occupancy_known"]
        added["free_persons"] = {"at_most": row["room"], "known": row["room"] if known else None}
    if row.get("item_quantity") is not None:
        added["quantity"] = row["item_quantity"]
    return added


def _arrival(row: Row, with_: Describing) -> dict[str, Any]:
    ranking = with_.ranking
    if ranking.rank != "arrival":
        return {}
    pace = ranking.paces[row["kind"]]
    seconds = ranking.value(row["distance_m"], row["uncertainty_m"], row["kind"])
    return {
        "arrival": {
            "minutes": round(seconds / 60, 2),
            "method": METHOD,
            "speed_kmh": pace.speed_kmh,
            "detour": pace.detour,
            "source": pace.source,
        }
    }


def hit(row: Row, with_: Describing, **more: object) -> msgspec.Raw:
    """One hit as a Feature."""
    return with_figures(row["feature"], figures(row, with_) | more)


async def check_place(reader: Reader, wanted: Filter, found: Sized) -> None:
    """NotFound when nothing was found under a place that nobody knows: it may be mistyped."""
    code = wanted.place
    if code is not None and not found and not await places.ancestors(reader, code):
        raise NotFound("place", code)


def cases(rows: Sequence[Row]) -> dict[str, Any]:
    """How many records each unknown value keeps out."""
    names = [name for name in dict(rows[0]) if name.startswith(("unknown_", "never_"))] if rows else []
    return {
        name: sum(bool(row[name]) for row in rows)
        for name in names
        if any(row[name] is not None for row in rows)
    }


def kept_out(rows: Sequence[Row], bound_m: float) -> dict[str, Any]:
    """What an unknown value kept out, counted by that value."""
    if not rows:
        return {}
    return cases(rows) | {"within_m": mm(bound_m), "more": len(rows) > MOST_COUNTED}


async def left_out(
    reader: Reader, sight: Sight, start: Start, within: proximity.SearchBound, *, explain: bool
) -> dict[str, Any]:
    """The same for one question; with `explain` also listed."""
    (rows,) = await proximity.undecidable(reader, sight, [within], start)
    told = kept_out(rows, within.bound_m)
    if explain:
        names = [*cases(rows)]
        told["listed"] = [
            _listed(row, [name for name in names if row[name]], start) for row in rows[:MOST_COUNTED]
        ]
        nowhere = await proximity.unlocated(reader, sight, within.wanted)
        told["listed"] += [_listed(row, ["no_location"], None) for row in nowhere[:MOST_COUNTED]]
    return told


def _listed(row: Row, reasons: list[str], start: Start | None) -> dict[str, Any]:
    name = {"zh": row["name_zh"], "en": row["name_en"]}
    listed: dict[str, Any] = {"id": str(row["id"]), "kind": row["kind"], "name": name, "reasons": reasons}
    if start is not None:
        listed["distance_m"] = mm(start.distance_m(row["distance_m"]))
    return listed

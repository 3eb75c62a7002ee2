"""The cordons in force that concern an answer, and how its records lie to them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.geojson import Point
from registry.domain.incidents.cordon import Cordon, CordonInForce, CordonRelation, is_in_force
from registry.domain.incidents.cordon_relation import PlacedCordon, PossiblePosition
from registry.domain.proximity.origin import Start, as_spot
from registry.services.clock import now
from registry.services.incidents.chainage import drawn_cordon
from registry.store.database.moment import moment
from registry.store.database.pool import Reader, Row
from registry.store.database.read_trace import note_read
from registry.store.plans import located
from registry.store.proximity.possible import extents

AROUND_M = 50_000.0
MOST_CORDONS = 500
MANY = 2_000
"""So many pairs of a record and a cordon are looked at beside the event loop."""


class _Positioned(Struct):
    geometry: Point | None = None


_DECODER = msgspec.json.Decoder(_Positioned)


class CordonsOfAnswer(NamedTuple):
    """The cordons in force that concern an answer, and how each of its records lies to them."""

    in_force: list[CordonInForce]
    relations: Mapping[UUID, list[CordonRelation]]

    def figures(self, row: Row) -> dict[str, object]:
        """What the hit of a row says of cordons; nothing where none concerns it."""
        found = self.relations.get(row["id"])
        return {"cordons": found} if found else {}


async def cordons_of(
    reader: Reader, sight: Sight, start: Start, rows: Sequence[Row], at: str | None = None
) -> CordonsOfAnswer:
    """How these records lie to the cordons in force, seen from the middle of a start.

    `at` is the moment that the answer was read at, where it is known.
    """
    standing = await standing_cordons(reader, sight, at)
    if not standing:
        return CordonsOfAnswer([], {})
    spot = _spot_of(start)
    if len(standing) * len(rows) > MANY:
        return await asyncio.to_thread(_of_answer, standing, spot, rows)
    return _of_answer(standing, spot, rows)


async def standing_cordons(reader: Reader, sight: Sight, at: str | None = None) -> list[PlacedCordon]:
    """The cordons in force that this sight has, wherever they are."""
    instant = sight.as_of or now()
    return [one for one in await _placed(reader, sight, at) if is_in_force(one.cordon, instant)]


async def _placed(reader: Reader, sight: Sight, at: str | None) -> list[PlacedCordon]:
    """The cordons that are not over, kept until one of them, a zone or a place changes."""
    question = ("cordons", sight)
    kept: list[PlacedCordon] | None = reader.kept.get_of_lists(question, at or await moment(reader))
    if kept is not None:
        return kept
    async with reader.snapshot() as view:
        found = await located.cordons_not_over(view, sight, sight.as_of or now())
        known = await extents(view, sorted({bound for one in found for bound in one.bounds}))
        placed = [
            PlacedCordon(await drawn_cordon(view, one.entry), [known[bound] for bound in one.bounds])
            for one in found
            if isinstance(one.entry, Cordon)
        ]
        reader.kept.put(question, await moment(view), placed, of_records=False)
    return placed


def _of_answer(
    standing: Sequence[PlacedCordon], spot: PossiblePosition, rows: Sequence[Row]
) -> CordonsOfAnswer:
    things = {row["id"]: thing for row in rows if (thing := _thing(row)) is not None}
    relations: dict[UUID, list[CordonRelation]] = {}
    in_force = []
    for one in sorted(standing, key=lambda one: (one.cordon.order, str(one.cordon.id))):
        found = {identity: one.relation(thing, spot) for identity, thing in things.items()}
        concerned = {identity: how for identity, how in found.items() if how != "outside"}
        for identity, how in concerned.items():
            relations.setdefault(identity, []).append(_related(one.cordon, how))
        origin = one.relation(spot, spot)
        if concerned or origin != "outside":
            in_force.append(_listed(one.cordon, origin))
    return CordonsOfAnswer(in_force, relations)


def _related(cordon: Cordon, how: Any) -> CordonRelation:
    return CordonRelation(
        cordon=cordon.id, order=cordon.order, kind=cordon.kind, name=cordon.name, relation=how
    )


def _listed(cordon: Cordon, origin: Any) -> CordonInForce:
    if cordon.visibility == "restricted":
        note_read()
    return CordonInForce(
        id=cordon.id,
        name=cordon.name,
        order=cordon.order,
        kind=cordon.kind,
        passes=cordon.passes,
        origin=origin,
        drawn=cordon.geometry is not None,
    )


def _thing(row: Row) -> PossiblePosition | None:
    """Where the record of a row may be; None for one without a position."""
    point = _DECODER.decode(row["feature"]).geometry
    if point is None:
        return None
    lon, lat = point.coordinates
    return PossiblePosition(lon, lat, float(row["uncertainty_m"] or 0.0))


def _spot_of(start: Start) -> PossiblePosition:
    """Where one looks from: an uncertain point with its radius, of what is drawn the middle."""
    spot = as_spot(start)
    return PossiblePosition(
        spot.lon, spot.lat, spot.margin_m if start.shape is None and start.uncertain else 0.0
    )


async def cordons_around(reader: Reader, sight: Sight, start: Start) -> list[Cordon]:
    """The cordons in force within 50 km, of lowest order first, and those that nobody has drawn."""
    spot = as_spot(start)
    placed = await located.near(reader, sight, ["cordon"], spot, AROUND_M, MOST_CORDONS, whole=True)
    loose, _ = await located.unplaced(reader, sight, ["cordon"], whole=True)
    at: datetime = sight.as_of or now()
    every = [one.entry for one in [*placed, *loose]]
    standing = [one for one in every if isinstance(one, Cordon) and is_in_force(one, at)]
    drawn = [await drawn_cordon(reader, one) for one in standing]
    return sorted(drawn, key=lambda one: (one.order, str(one.id)))

"""The cordons in force around a spot, and how resources lie to them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.geojson import Point
from registry.domain.incidents.cordon import Cordon, CordonRelation, cordon_relation, is_in_force
from registry.domain.proximity.origin import Start, as_spot
from registry.services.clock import now
from registry.services.incidents.chainage import drawn_cordon
from registry.store.database.pool import Reader, Row
from registry.store.plans import located

AROUND_M = 50_000.0
MOST_CORDONS = 500


class _Positioned(Struct):
    geometry: Point | None = None


_DECODER = msgspec.json.Decoder(_Positioned)


async def cordons_around(reader: Reader, sight: Sight, start: Start) -> list[Cordon]:
    """The cordons in force within 50 km, of lowest order first, and those that nobody has drawn."""
    spot = as_spot(start)
    placed = await located.near(reader, sight, ["cordon"], spot, AROUND_M, MOST_CORDONS, whole=True)
    loose, _ = await located.unplaced(reader, sight, ["cordon"], whole=True)
    at = sight.as_of or now()
    every = [one.entry for one in [*placed, *loose]]
    standing = [one for one in every if isinstance(one, Cordon) and is_in_force(one, at)]
    drawn = [await drawn_cordon(reader, one) for one in standing]
    return sorted(drawn, key=lambda one: (one.order, str(one.id)))


def relations(cordons: Sequence[Cordon], row: Row, spot: tuple[float, float]) -> list[CordonRelation]:
    """How the resource of a hit lies to each cordon that concerns it, seen from a spot."""
    point = _DECODER.decode(row["feature"]).geometry
    if point is None:
        return []
    resource = (*point.coordinates, float(row["uncertainty_m"] or 0.0))
    found = ((one, cordon_relation(one, resource, spot)) for one in cordons)
    return [
        CordonRelation(cordon=one.id, order=one.order, kind=one.kind, name=one.name, relation=relation)
        for one, relation in found
        if relation != "outside"
    ]


def spot_of(start: Start) -> tuple[float, float]:
    """The middle of a start."""
    spot: Any = as_spot(start)
    return spot.lon, spot.lat

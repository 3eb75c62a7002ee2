"""Which watch points within reach of a spot see smoke there, over the terrain."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from msgspec import Struct, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import UndecidedRecord
from registry.domain.coverage.geometry.plane import GEOD
from registry.domain.proximity.interval import Cover
from registry.domain.proximity.origin import Start
from registry.domain.terrain.model import TerrainModel
from registry.domain.terrain.seen import blind_reason
from registry.domain.terrain.watched import MISSING, SeenShapes, SightQuestion, SightUsed, Unseen, basis_from
from registry.services.terrain.describe import current_model
from registry.services.terrain.see_over_terrain import current_drawing
from registry.store.database.pool import Reader, Row
from registry.store.terrain import seen
from registry.store.visibility import realm

Judged = tuple[Row, bool, Cover]
"""A watch point that may reach the spot: whether it does as recorded, and from all possible positions."""
CORNERS = 64


class SpotSight(Struct, frozen=True, kw_only=True):
    """The watch points that see a spot or may, those from which the ground hides it, and what is missing."""

    seeing: list[Judged]
    hidden: list[Row]
    missing: dict[str, Unseen]
    """By identity what is missing to work out what a watch point sees."""
    used: SightUsed

    def explained(self, record: UndecidedRecord) -> UndecidedRecord:
        """An undecided record with what is missing to work out what it sees."""
        lacks = self.missing.get(record.id)
        if lacks is None or lacks == "position":
            return record
        reason = "unknown_value" if lacks == "eye_height_m" else "no_line_of_sight"
        known = record.unknown if isinstance(record.unknown, list) else []
        return structs.replace(record, reason=reason, unknown=[*known, lacks])


async def look_at_spot(
    reader: Reader, sight: Sight, reaching: Sequence[Judged], start: Start, smoke_height_m: float
) -> SpotSight:
    """What the watch points within reach of a spot see of smoke of a height there."""
    model = await current_model(reader)
    asked = SightQuestion(smoke_height_m=smoke_height_m, model=basis_from(model))
    rows = [row for row, _, _ in reaching if _may_be_drawn(row)]
    ids = [row["id"] for row in rows if _lacking(row, model) is None]
    drawings = await seen.read(reader, realm(sight), ids, smoke_height_m) if ids else {}
    return await asyncio.to_thread(_judge, reaching, start, model, drawings, asked)


def _may_be_drawn(row: Row) -> bool:
    """Whether a watch point has a position, and no footprint that somebody drew."""
    return "by_footprint" in row and not row["by_footprint"]


def _lacking(row: Row, model: TerrainModel | None) -> Unseen | None:
    """What is missing before any drawing is looked for; the public may not know where an internal one is."""
    if row["cell"]:
        return "position"
    blind = blind_reason(seen.lookout_of(row))
    if blind is not None:
        return MISSING[blind]
    return "terrain" if model is None else None


def _judge(
    reaching: Sequence[Judged],
    start: Start,
    model: TerrainModel | None,
    drawings: Mapping[UUID, Row],
    asked: SightQuestion,
) -> SpotSight:
    spot = _ground_of(start)
    seeing: list[Judged] = []
    hidden: list[Row] = []
    missing: dict[str, Unseen] = {}
    by_terrain, unknown_m2 = 0, 0.0
    for row, nominal, verdict in reaching:
        if not _may_be_drawn(row):
            seeing.append((row, nominal, verdict))
            continue
        shapes = _shapes(row, model, drawings)
        if isinstance(shapes, SeenShapes):
            by_terrain, unknown_m2 = by_terrain + 1, unknown_m2 + shapes.unknown_m2
            judged = _seen_at(spot, shapes)
            if judged[1] != "no":
                seeing.append((row, *judged))
            elif not row["failing"]:
                hidden.append(row)
        else:
            missing[str(row["id"])] = shapes
            seeing.append((row, False, "possible"))
    drawn = sum(bool(row.get("by_footprint")) for row, _, _ in reaching)
    used = SightUsed(
        smoke_height_m=asked.smoke_height_m,
        model=asked.model,
        by_terrain=by_terrain,
        by_radius=len(reaching) - by_terrain - drawn,
        by_footprint=drawn,
        unknown_m2=unknown_m2,
    )
    return SpotSight(seeing=seeing, hidden=hidden, missing=missing, used=used)


def _shapes(row: Row, model: TerrainModel | None, drawings: Mapping[UUID, Row]) -> SeenShapes | Unseen:
    lacking = _lacking(row, model)
    if lacking is not None or model is None:
        return lacking or "terrain"
    return current_drawing(drawings.get(row["id"]), seen.lookout_of(row), model)


def _ground_of(start: Start) -> Any:
    """The spot, or the disc that may hold it, in lon/lat."""
    if not start.margin_m:
        return shapely.Point(start.lon, start.lat)
    turns = np.linspace(0.0, 360.0, CORNERS, endpoint=False)
    outside = np.full(CORNERS, start.margin_m / np.cos(np.pi / CORNERS))
    lon, lat, _ = GEOD.fwd(np.full(CORNERS, start.lon), np.full(CORNERS, start.lat), turns, outside)
    return shapely.Polygon(np.column_stack([lon, lat]))


def _seen_at(spot: Any, shapes: SeenShapes) -> tuple[bool, Cover]:
    """Whether smoke at the spot is seen as recorded, and whether that is certain, possible or not so."""
    lower, nominal, upper = (shapely.from_wkb(s) for s in (shapes.lower, shapes.nominal, shapes.upper))
    if not upper.intersects(spot):
        return False, "no"
    return bool(nominal.covers(shapely.centroid(spot))), "yes" if lower.covers(spot) else "possible"

"""The rules of a location, and what the public may see of it."""

import math
from typing import Any

from msgspec import structs

from registry.domain.datum import may_be_in_china
from registry.domain.errors import Invalid
from registry.domain.geojson import Point, Position
from registry.domain.records.resource import Kind, Location, Resource
from registry.domain.values import Name

GRID_DEG = 0.05
"""Side of the cell that stands for an internal resource in public, in degrees (about 5 km here)."""
UNKNOWN_DATUM_M = 600.0
"""Added to the uncertainty of a position whose datum nobody stated: GCJ-02 shifts by about 500 m."""
METRES_PER_DEGREE = 111_320.0
PUBLIC_NAMES: dict[Kind, Name] = {
    "rescue_team": Name("救援队伍", "Rescue team"),
    "shelter": Name("避难场所", "Shelter"),
    "fire_watch_point": Name("火情监测点", "Fire watch point"),
    "supply_depot": Name("物资储备库", "Supply depot"),
}
"""What the public reads for the name of an internal record, since names of such things name their place."""
HIDDEN: dict[str, Any] = {
    **dict.fromkeys(("place", "manager", "note", "hours", "verified_by", "parent_depot")),
    **dict.fromkeys(("footprint", "sector", "last_seen")),
    **{name: [] for name in ("sources", "external_ids", "vehicles", "equipment", "stock")},
}
"""Members that could tell the place of an internal record, with what the public has for them."""


def check_geometry(record: Resource) -> None:
    """Invalid for a geometry that the quality of the location excludes, or demands."""
    quality = record.properties.location.quality
    if quality in ("surveyed", "approximate") and record.geometry is None:
        raise Invalid(
            f"a {quality} location needs a geometry", field="geometry", zh=f"{quality} 的位置需要坐标"
        )
    if quality in ("candidate_places", "unknown") and record.geometry is not None:
        raise Invalid(
            f"a location known only as {quality} has no geometry",
            field="geometry",
            zh=f"位置仅为 {quality} 时不应有坐标",
        )


def check_quality(record: Resource) -> None:
    """Invalid for a quality without what it needs: candidate places, or an uncertainty."""
    location = record.properties.location
    if location.quality == "candidate_places" and not location.candidate_places:
        raise Invalid(
            "candidate_places names at least one place",
            field="properties.location.candidate_places",
            zh="candidate_places 至少列出一个地方",
        )
    if location.quality == "approximate" and location.uncertainty_m is None:
        raise Invalid(
            "an approximate location states its uncertainty_m",
            field="properties.location.uncertainty_m",
            zh="approximate 的位置应注明 uncertainty_m（米）",
        )


def reach_of_doubt_m(location: Location, point: Point) -> float:
    """Radius in metres of the disc of possible positions around a located point.

    A position whose datum nobody stated may be shifted where lists are written in GCJ-02.
    """
    return stated_doubt_m(location.uncertainty_m, location.datum, point.coordinates)


def stated_doubt_m(stated_m: float | None, datum: str, position: Position) -> float:
    """The same radius from the members of a location."""
    is_open = datum == "unknown" and may_be_in_china(position)
    return (stated_m or 0.0) + (UNKNOWN_DATUM_M if is_open else 0.0)


def cell_of(point: Point) -> tuple[Point, float]:
    """The centre of the grid cell that holds `point`, and the metres to its farthest corner."""
    lon, lat = (_snap(value, most) for value, most in zip(point.coordinates, (180, 90), strict=True))
    half = GRID_DEG / 2
    nearest_equator = max(0.0, abs(lat) - half)
    across_m = half * METRES_PER_DEGREE * math.cos(math.radians(nearest_equator))
    return Point((lon, lat)), math.ceil(math.hypot(across_m, half * METRES_PER_DEGREE * 1.006))


def _snap(value: float, most: int) -> float:
    """The middle of a cell; what lies on the last edge belongs to the cell before it."""
    cell = min(math.floor(value / GRID_DEG), round(most / GRID_DEG) - 1)
    return round((cell + 0.5) * GRID_DEG, 7)


def generalise(resource: Resource) -> Resource:
    """What the public sees of an internal resource: a grid cell in place of its point, and codes and figures.

    Its name is that of its kind. Place, free text, sources, stock and whatever else could tell the place are
    left out. It may be as far from the cell as its position is uncertain.
    """
    hidden = {name: value for name, value in HIDDEN.items() if name in resource.properties.__struct_fields__}
    properties = structs.replace(resource.properties, name=PUBLIC_NAMES[resource.kind], **hidden)
    if resource.geometry is None:
        return structs.replace(resource, properties=structs.replace(properties, location=Location()))
    centre, doubt_m = cell_of(resource.geometry)
    doubt_m += reach_of_doubt_m(properties.location, resource.geometry)
    location = Location("approximate", doubt_m, [], source=f"grid cell of {GRID_DEG} degrees")
    return structs.replace(
        resource, geometry=centre, properties=structs.replace(properties, location=location)
    )

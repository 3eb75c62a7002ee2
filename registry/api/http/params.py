"""The query parameters that several routes share, each bounded and described once."""

from typing import Annotated

from litestar.params import QueryParameter

from registry.domain.records.resource import Force, Kind, Lifecycle, Quality, Tier, WatchForm
from registry.domain.search import Level

EXERCISE = r"^(?!live$)[a-z0-9][a-z0-9\-]*$"
LONGEST_EXERCISE = 40

Lon = Annotated[float, QueryParameter(ge=-180, le=180, description="Longitude, WGS 84 degrees.")]
Lat = Annotated[float, QueryParameter(ge=-90, le=90, description="Latitude, WGS 84 degrees.")]
RadiusM = Annotated[
    float, QueryParameter(ge=0, le=20_037_509, description="Radius in metres, edge included.")
]
MaxM = Annotated[
    float | None, QueryParameter(ge=0, le=20_037_509, description="No farther than this, metres.")
]
K = Annotated[int, QueryParameter(ge=1, le=1000, description="How many.")]
Limit = Annotated[int, QueryParameter(ge=1, le=10_000, description="At most so many records in one answer.")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=400, description="From the `next` link of the page before.")
]
KindParam = Annotated[Kind | None, QueryParameter(name="kind", description="One of the four kinds.")]
PlaceParam = Annotated[
    str | None,
    QueryParameter(
        name="place", max_length=64, description="Code of a place or management area, with all under it."
    ),
]
LifecycleParam = Annotated[
    Lifecycle | None,
    QueryParameter(name="lifecycle", description="Stage of life; proximity assumes in_service."),
]
QualityParam = Annotated[
    Quality | None, QueryParameter(name="quality", description="How well the place is known.")
]
Q = Annotated[
    str | None, QueryParameter(min_length=1, max_length=100, description="Part of a name, zh or en.")
]
BboxParam = Annotated[
    str | None,
    QueryParameter(
        name="bbox", max_length=120, description="west,south,east,north; west > east crosses 180°."
    ),
]
LevelParam = Annotated[Level | None, QueryParameter(name="level", description="Level of a team or shelter.")]
TierParam = Annotated[Tier | None, QueryParameter(name="tier", description="Tier of a depot.")]
FormParam = Annotated[WatchForm | None, QueryParameter(name="form", description="Form of a watch point.")]
ForceParam = Annotated[Force | None, QueryParameter(name="force", description="Force that a team is of.")]

"""The query parameters that several routes share, each bounded and described once."""

from typing import Annotated

from litestar.params import Parameter

from registry.domain.resource import Kind, Lifecycle, Quality

Lon = Annotated[float, Parameter(ge=-180, le=180, description="Longitude, WGS 84 degrees.")]
Lat = Annotated[float, Parameter(ge=-90, le=90, description="Latitude, WGS 84 degrees.")]
RadiusM = Annotated[float, Parameter(ge=0, le=20_037_509, description="Radius in metres, edge included.")]
MaxM = Annotated[float | None, Parameter(ge=0, le=20_037_509, description="No farther than this, metres.")]
K = Annotated[int, Parameter(ge=1, le=1000, description="How many.")]
Limit = Annotated[int, Parameter(ge=1, le=10_000, description="At most so many records in one answer.")]
Cursor = Annotated[
    str | None, Parameter(max_length=400, description="From the `next` link of the page before.")
]
KindParam = Annotated[Kind | None, Parameter(query="kind", description="One of the four kinds.")]
PlaceParam = Annotated[
    str | None,
    Parameter(
        query="place", max_length=64, description="Code of a place or management area, with all under it."
    ),
]
LifecycleParam = Annotated[
    Lifecycle | None, Parameter(query="lifecycle", description="Stage of life; proximity assumes in_service.")
]
QualityParam = Annotated[
    Quality | None, Parameter(query="quality", description="How well the place is known.")
]
Q = Annotated[str | None, Parameter(min_length=1, max_length=100, description="Part of a name, zh or en.")]
BboxParam = Annotated[
    str | None,
    Parameter(query="bbox", max_length=120, description="west,south,east,north; west > east crosses 180°."),
]

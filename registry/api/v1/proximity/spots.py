"""Two questions about a spot over HTTP: where a written position is, and which shelters hold so many."""

from typing import Annotated

from litestar import get
from litestar.datastructures import State
from litestar.params import QueryParameter

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.v1.proximity.params import DatumParam, OriginDep
from registry.domain.proximity.written_position import WrittenPosition
from registry.services.incidents.at_incident import shelters_at_origin
from registry.services.incidents.shelter_need import ShelterNeed
from registry.services.proximity.read_position import read_position

TextParam = Annotated[
    str,
    QueryParameter(
        name="text",
        min_length=3,
        max_length=200,
        description="A position as it was said, such as 29°01′48″N 106°39′E or G75 K1060+300.",
    ),
]
Persons = Annotated[
    int, QueryParameter(name="persons", ge=1, le=10_000_000, description="How many need shelter.")
]
WithinM = Annotated[
    float, QueryParameter(name="radius_m", ge=0, le=500_000, description="No farther than this, metres.")
]
HazardParam = Annotated[
    str | None, QueryParameter(name="hazard", max_length=64, description="A hazard, such as flood.")
]


@get("/position")
async def find_position(reader: ReaderDep, text: TextParam, datum: DatumParam = "wgs84") -> WrittenPosition:
    """Where a position is that somebody wrote or said, in WGS 84."""
    return await read_position(reader, text, datum)


@get("/shelter-need")
async def find_room(
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    origin: OriginDep,
    persons: Persons,
    radius_m: WithinM,
    hazard: HazardParam = None,
) -> ShelterNeed:
    """Which open shelters around a spot together hold so many persons, as intervals."""
    days = state.settings.stale_after_days
    return await shelters_at_origin(reader, sight, origin, hazard, persons, radius_m, days)

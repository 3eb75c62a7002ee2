"""The query parameters of proximity questions: conditions, origin and order."""

from typing import Annotated

import msgspec
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from registry.api.http.params import conditions_in_query, converted
from registry.domain.conditions import Conditions
from registry.domain.errors import InvalidQuery
from registry.domain.proximity.origin import Origin, QueryDatum
from registry.domain.proximity.ranking import Rank
from registry.domain.roads.answer import By, ByMinutes, Closures, MaxMinutes, by_minutes
from registry.domain.roads.closures import Vehicle
from registry.domain.values import ShortText

OptionalLon = Annotated[
    float | None, QueryParameter(ge=-180, le=180, description="Longitude in degrees of `datum`.")
]
OptionalLat = Annotated[
    float | None, QueryParameter(ge=-90, le=90, description="Latitude in degrees of `datum`.")
]
SpotRadius = Annotated[
    float | None,
    QueryParameter(ge=0, le=1_000_000, description="How uncertain the spot is: the radius around lon, lat."),
]
DatumParam = Annotated[
    QueryDatum, QueryParameter(description="What lon and lat came in; converted to WGS 84 by the registry.")
]
NearPlace = Annotated[
    str | None, QueryParameter(max_length=64, description="Measure from the edge of this place.")
]
Road = Annotated[str | None, QueryParameter(max_length=200, description="Measure from a chainage on a road.")]
Chainage = Annotated[float | None, QueryParameter(ge=0, le=10_000, description="K1060 is 1060.")]
RankParam = Annotated[
    Rank, QueryParameter(description="Order by distance, its cautious maximum, or estimated arrival.")
]
SpeedParam = Annotated[
    float | None,
    QueryParameter(gt=0, le=1000, description="For rank=arrival: speed in km/h, in place of the settings'."),
]
DetourParam = Annotated[
    float | None,
    QueryParameter(ge=1, le=20, description="How much longer the way is than the straight line."),
]
ByParam = Annotated[
    By, QueryParameter(description="Count metres in a straight line, or minutes by road at free flow.")
]
MaxMinutesParam = Annotated[
    float | None,
    QueryParameter(gt=0, le=600, description="For by=minutes: no farther than this at free flow."),
]
PaceSource = Annotated[str | None, QueryParameter(max_length=200, description="Who says so.")]


class OriginBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question as a body, for origins that do not fit into a query string."""

    origin: Origin
    """Where to measure from."""
    where: Conditions = Conditions()


class RoadMembers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a body says that may be asked in minutes by road."""

    by: By = "distance"
    """Count metres in a straight line, or minutes by road at free flow."""
    max_minutes: MaxMinutes | None = None
    """By minutes: no farther than this at free flow."""
    vehicle: Vehicle | None = None
    """By minutes: the dimensions that limits of bridges are compared with."""
    condition: ShortText | None = None
    """By minutes: the condition whose factors give the greatest time, such as ice."""
    closures: Closures = "obey"
    """By minutes: whether closures and cordons in force count."""

    def by_road(self) -> ByMinutes | None:
        """The question in minutes, None for one by distance."""
        return by_minutes(self.by, self.max_minutes, self.vehicle, self.condition, self.closures)


class RoadBody(RoadMembers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question from one origin that may be asked in minutes by road."""

    origin: Origin
    """Where to measure from, and by minutes where to drive to."""
    where: Conditions = Conditions()


ConditionsDep = NamedDependency[Conditions]
"""The conditions in the query string."""
OriginDep = NamedDependency[Origin]
"""The origin in the query string."""

conditions = conditions_in_query(Conditions)


def origin(
    conditions: ConditionsDep,
    lon: OptionalLon = None,
    lat: OptionalLat = None,
    spot_radius_m: SpotRadius = None,
    datum: DatumParam = "wgs84",
    near_place: NearPlace = None,
    road: Road = None,
    chainage_km: Chainage = None,
) -> Origin:
    """The origin in the query string.

    It also takes `conditions`, so that Litestar resolves the dependencies in sequence.
    """
    if lon is None and near_place is None and road is None:
        raise InvalidQuery("give lon and lat, or near_place, or road and chainage_km", field="lon")
    given = {"lon": lon, "lat": lat, "radius_m": spot_radius_m, "datum": datum, "place": near_place}
    given |= {"road": road, "chainage_km": chainage_km}
    return converted({name: value for name, value in given.items() if value is not None}, Origin)

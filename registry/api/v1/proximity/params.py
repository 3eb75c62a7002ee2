"""What a proximity question asks: the conditions and the origin, from a query string or a body."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from registry.api.http import params
from registry.api.http.dependencies import SightDep
from registry.domain.conditions import Conditions, Partners, filter_of
from registry.domain.errors import InvalidQuery
from registry.domain.proximity.origin import Origin, QueryDatum
from registry.domain.proximity.ranking import Pace, Paces, Rank
from registry.domain.records.resource import Force, Opening, Operational, Readiness, Tier, WatchForm
from registry.domain.search import Filter, Level

Listed = Annotated[str | None, QueryParameter(max_length=1000, description="One or several codes: a,b.")]
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
FreePersons = Annotated[
    int | None,
    QueryParameter(ge=0, le=2_000_000_000, description="Room for so many, by capacity less known occupancy."),
]
ItemParam = Annotated[
    str | None,
    QueryParameter(max_length=129, description="Item code, or scheme:code; GB/T 38565 by default."),
]
QuantityParam = Annotated[
    float | None, QueryParameter(ge=0, le=1e12, description="At least so much of the item, as last counted.")
]
MaxAge = Annotated[
    float | None, QueryParameter(ge=0, le=36_500, description="Verified at most so many days ago.")
]
PartnersParam = Annotated[
    Partners, QueryParameter(description="Partner places' resources: with them, without, or only them.")
]
RankParam = Annotated[
    Rank, QueryParameter(description="Order by distance, its cautious maximum, or estimated arrival.")
]
Explain = Annotated[bool, QueryParameter(description="List what was left out, not only its counts.")]
SpeedParam = Annotated[
    float | None,
    QueryParameter(gt=0, le=1000, description="For rank=arrival: speed in km/h, in place of the settings'."),
]
DetourParam = Annotated[
    float | None,
    QueryParameter(ge=1, le=20, description="How much longer the way is than the straight line."),
]
PaceSource = Annotated[str | None, QueryParameter(max_length=200, description="Who says so.")]


class Where(msgspec.Struct, frozen=True):
    """The conditions of a question and its time."""

    wanted: Filter
    now: datetime


class Asked(msgspec.Struct, frozen=True):
    """The conditions, the origin and the time of one question."""

    wanted: Filter
    origin: Origin
    now: datetime


def where(
    sight: SightDep,
    kind: params.KindParam = None,
    kinds: Listed = None,
    place: params.PlaceParam = None,
    lifecycle: params.LifecycleParam = None,
    quality: params.QualityParam = None,
    force: FromQuery[Force | None] = None,
    level: FromQuery[Level | None] = None,
    tier: FromQuery[Tier | None] = None,
    form: FromQuery[WatchForm | None] = None,
    specialties_any: Listed = None,
    specialties_all: Listed = None,
    hazards_any: Listed = None,
    hazards_all: Listed = None,
    readiness: FromQuery[Readiness | None] = None,
    opening: FromQuery[Opening | None] = None,
    operational: FromQuery[Operational | None] = None,
    free_persons: FreePersons = None,
    item: ItemParam = None,
    quantity: QuantityParam = None,
    verified_since: FromQuery[datetime | None] = None,
    max_age_days: MaxAge = None,
    partners: PartnersParam = "include",
) -> Where:
    """The conditions in the query string. It is given `sight` so that dependencies resolve one by one."""
    given: dict[str, Any] = {
        "kind": kind, "place": place, "lifecycle": lifecycle, "quality": quality, "force": force,
        "level": level, "tier": tier, "form": form, "readiness": readiness, "opening": opening,
        "operational": operational, "free_persons": free_persons, "item": item, "quantity": quantity,
        "verified_since": verified_since, "max_age_days": max_age_days, "partners": partners,
        "kinds": split(kinds), "specialties_any": split(specialties_any),
        "specialties_all": split(specialties_all), "hazards_any": split(hazards_any),
        "hazards_all": split(hazards_all),
    }  # fmt: skip
    now = sight.as_of or datetime.now(UTC)
    return Where(filter_of(_struct(given, Conditions), now), now)


def asked(
    where: NamedDependency[Where],
    lon: OptionalLon = None,
    lat: OptionalLat = None,
    spot_radius_m: SpotRadius = None,
    datum: DatumParam = "wgs84",
    near_place: NearPlace = None,
    road: Road = None,
    chainage_km: Chainage = None,
) -> Asked:
    """The origin in the query string, with the conditions."""
    origin = {"lon": lon, "lat": lat, "radius_m": spot_radius_m, "datum": datum, "place": near_place}
    origin |= {"road": road, "chainage_km": chainage_km}
    return Asked(where.wanted, _origin(_struct(origin, Origin)), where.now)


def _origin(origin: Origin) -> Origin:
    if origin.lon is None and origin.place is None and origin.road is None:
        raise InvalidQuery("give lon and lat, or near_place, or road and chainage_km", field="lon")
    return origin


S = TypeVar("S", Conditions, Origin)


def _struct(given: dict[str, Any], kind: type[S]) -> S:
    try:
        return msgspec.convert({name: value for name, value in given.items() if value is not None}, kind)
    except msgspec.ValidationError as error:
        name = str(error).partition("`$.")[2].partition("[")[0].rstrip("`")
        raise InvalidQuery(f"{name}: {str(error).partition(' - at')[0]}", field=name) from error


def split(text: str | None) -> list[str] | None:
    """The parts of a comma-separated list."""
    return None if text is None else text.split(",")


def paces(settings_paces: Paces, stated: tuple[float | None, float | None, str | None]) -> Paces:
    """The configured paces, or for every kind the one that the caller states in full."""
    if stated == (None, None, None):
        return settings_paces
    speed_kmh, detour, source = stated
    if speed_kmh is None or detour is None or source is None:
        raise InvalidQuery("speed_kmh, detour and pace_source go together", field="speed_kmh")
    pace = Pace(speed_kmh=speed_kmh, detour=detour, source=source)
    return {"rescue_team": pace, "shelter": pace, "fire_watch_point": pace, "supply_depot": pace}

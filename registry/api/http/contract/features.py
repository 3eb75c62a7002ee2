"""Schemas of what is sent as rendered text: the records of answers, with the figures that an answer adds."""

from copy import deepcopy
from typing import Any

import msgspec

from registry.domain.incidents.cordon import CordonRelation
from registry.domain.incidents.hours import Opening
from registry.domain.records.resource import Resource
from registry.domain.records.unapplied import Unapplied
from registry.domain.roads.answer import TravelTime
from registry.services.places.places import PlaceFeature

Schema = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"
RECORD = "ResourceFeature"
HIT = "HitFeature"
CARRIED: tuple[Any, ...] = (Resource, PlaceFeature, Unapplied)
"""Types whose schemas the features are made of."""
FEATURES = {
    RECORD: "A record as a GeoJSON Feature.",
    HIT: "A record in an answer about nearness, with its distance and whatever else was asked.",
}
KINDS = ("RescueTeam", "Shelter", "FireWatchPoint", "SupplyDepot")
ITEMS = {
    ("FeatureSetAnswer", "features"): RECORD,
    ("Near", "features"): HIT,
    ("Within", "features"): HIT,
    ("Covering", "features"): HIT,
    ("AlertArea", "features"): HIT,
    ("Assignments", "features"): RECORD,
    ("SituationCovering", "features"): HIT,
    ("SituationHelp", "features"): HIT,
    ("Supplies", "depots"): HIT,
    ("Proposal", "features"): HIT,
    ("ShelterNeed", "features"): HIT,
    ("FeatureCollection", "features"): "PlaceFeature",
    ("FileQuestion", "choices"): None,
}
"""What the list of a schema holds that its type does not state; None is anything."""


class FreePersons(msgspec.Struct, frozen=True):
    """The free places of a shelter."""

    at_most: int
    """The capacity without those known to be there."""
    known: int | None
    """The same where the occupancy is known, else null."""


class ArrivalEstimate(msgspec.Struct, frozen=True):
    """When somebody may arrive, and the pace that this assumes."""

    minutes: float
    """Minutes until it may be there."""
    method: str
    """How it was estimated."""
    speed_kmh: float
    detour: float
    source: str
    """Where the speed comes from."""


class HitFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer about nearness adds to the properties of a record."""

    distance_m: float | None
    """Distance in metres from the origin to the position as recorded; null when it has none."""
    distance_min_m: float | None = None
    distance_max_m: float | None = None
    bearing_deg: float | None = None
    compass: str | None = None
    certain: bool
    why: dict[str, Any]
    """The conditions that it meets."""
    data_age_s: int | None
    stale: bool | None
    position_age_s: int = 0
    status_age_s: int = 0
    partner: Any = None
    """Whether it lies in a partner's territory."""
    free_persons: FreePersons | None = None
    quantity: float | None = None
    """How much of the item it holds."""
    arrival: ArrivalEstimate | None = None
    travel: TravelTime | None = None
    """How long it takes by road, in an answer by minutes."""
    telephones: list[dict[str, Any]] = msgspec.field(default_factory=list)
    fitness: Any = None
    """How fit a team is for the hazard, and why."""
    committed_to: Any = None
    cordons: list[CordonRelation] = msgspec.field(default_factory=list)
    """How it lies to the cordons in force that concern it."""
    open_now: Opening | None = None
    """Whether a shelter that states hours is open now."""
    takes: list[dict[str, Any]] = msgspec.field(default_factory=list)


def describe_features(schemas: dict[str, Schema]) -> None:
    """Add the schemas of features to those of the document, and say which list holds which of them."""
    figures = schemas.pop("HitFigures")
    for name in KINDS:
        record = deepcopy(schemas[name])
        record.pop("additionalProperties", None)
        record |= {"title": f"{name}Record", "required": sorted(record["properties"])}
        schemas[f"{name}Record"] = record
        schemas[f"{name}Hit"] = record | {
            "title": f"{name}Hit",
            "properties": record["properties"] | figures["properties"],
            "required": record["required"] + figures["required"],
        }
    schemas["AnyRecord"] = _any("Record", "The properties of a record: those of its kind.")
    schemas["AnyHit"] = _any("Hit", "The properties of a record that is near, with its figures.")
    plain = deepcopy(schemas["Resource"])
    plain.pop("additionalProperties", None)
    for title, held in ((RECORD, "AnyRecord"), (HIT, "AnyHit")):
        held_properties = {"$ref": REFERENCE.format(name=held), "description": "What is recorded of it."}
        members = plain["properties"] | {"properties": held_properties}
        schemas[title] = plain | {
            "title": title,
            "description": FEATURES[title],
            "properties": members,
            "required": ["type", "id", "geometry", "properties"],
        }
    kept = {
        "type": "array",
        "items": {"$ref": REFERENCE.format(name="Unapplied")},
        "description": "What was reported with a write and is not what the state shows.",
    }
    schemas[RECORD]["properties"] |= {"unapplied": kept}
    _state_items(schemas)


def _any(ending: str, description: str) -> Schema:
    refs = {name: REFERENCE.format(name=f"{name}{ending}") for name in KINDS}
    return {
        "title": f"Any{ending}",
        "description": description,
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {_kind_of(name): ref for name, ref in refs.items()},
        },
    }


def _kind_of(name: str) -> str:
    """`fire_watch_point` of FireWatchPoint."""
    letters = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return letters.removeprefix("_")


def _state_items(schemas: dict[str, Schema]) -> None:
    for (name, member), item in ITEMS.items():
        if name in schemas:
            holds = {} if item is None else {"$ref": REFERENCE.format(name=item)}
            schemas[name]["properties"][member]["items"] = holds

"""A resource as a client sends it: the identity may be missing, what the registry sets is ignored."""

from uuid import UUID

from msgspec import Struct, structs

from registry.domain.errors import Invalid
from registry.domain.geojson import Point
from registry.domain.records.change import SERVER_SET
from registry.domain.records.resource import Properties, Resource


class Draft(Struct, frozen=True, tag_field="type", tag="Feature", kw_only=True, forbid_unknown_fields=True):
    """A Feature to store."""

    id: UUID | None = None
    geometry: Point | None = None
    properties: Properties


def record_of(draft: Draft, identity: UUID, exercise: str | None) -> Resource:
    """The record a draft asks for, in the exercise that the request is in."""
    properties = draft.properties
    if properties.exercise is not None and properties.exercise != exercise:
        raise Invalid("ask with exercise= to write inside that exercise", field="properties.exercise")
    unset = {name: 0 if name == "version" else None for name in SERVER_SET}
    properties = structs.replace(properties, exercise=exercise, **unset)
    return Resource(id=identity, geometry=draft.geometry, properties=properties)

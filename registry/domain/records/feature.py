"""The stored forms of a resource: the canonical members that history seals, and the rendered Feature."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from registry.domain.records.resource import Resource

SCHEMA = 1
"""Raised by a release that renames a member or changes its meaning; it then reads the older schemas too."""


class CanonicalResource(Resource, frozen=True, kw_only=True, tag="Feature"):
    """A resource with the schema of its members.

    Every member is written out. A default that a later release changes then leaves recorded versions alone.
    """

    schema: Annotated[int, Meta(ge=1, le=SCHEMA)] = SCHEMA


ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(Resource)
CANONICAL_ENCODER = msgspec.json.Encoder(order="sorted")
CANONICAL_DECODER = msgspec.json.Decoder(CanonicalResource)


def render(resource: Resource) -> str:
    """The Feature as JSON text. It ends with the closing braces of `properties` and of itself."""
    return ENCODER.encode(resource).decode()


def parse(text: str) -> Resource:
    """The resource of a rendered feature."""
    return DECODER.decode(text)


def canonical(record: Resource) -> str:
    """The members as JSON text with sorted keys and the schema: what the digest of a version is made of."""
    members = CanonicalResource(id=record.id, geometry=record.geometry, properties=record.properties)
    return CANONICAL_ENCODER.encode(members).decode()


def from_canonical(text: str) -> Resource:
    """The resource of canonical members; Invalid members raise msgspec.DecodeError."""
    members = CANONICAL_DECODER.decode(text)
    return Resource(id=members.id, geometry=members.geometry, properties=members.properties)


def with_figures(feature: bytes, figures: Mapping[str, Any]) -> msgspec.Raw:
    """The rendered feature with more properties, without decoding it: what an answer adds to a record."""
    return msgspec.Raw(b"%b,%b}}" % (feature[:-2], ENCODER.encode(figures)[1:-1]))


def with_member(feature: bytes, name: str, value: Any) -> bytes:
    """The rendered feature with a foreign member (RFC 7946, 6.1) before its own."""
    return b"{%b:%b,%b" % (ENCODER.encode(name), ENCODER.encode(value), feature[1:])

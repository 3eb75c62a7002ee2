"""The rendered form of a resource: JSON text made once, when it is written."""

from collections.abc import Mapping
from typing import Any

import msgspec

from registry.domain.records.resource import Resource

ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(Resource)


def render(resource: Resource) -> str:
    """The Feature as JSON text; it ends with the closing of `properties` and of itself."""
    return ENCODER.encode(resource).decode()


def parse(text: str) -> Resource:
    """The resource a rendered feature stands for."""
    return DECODER.decode(text)


def with_figures(feature: bytes, figures: Mapping[str, Any]) -> msgspec.Raw:
    """The rendered feature with more properties, without decoding it: what an answer adds to a record."""
    return msgspec.Raw(b"%b,%b}}" % (feature[:-2], ENCODER.encode(figures)[1:-1]))

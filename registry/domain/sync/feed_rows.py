"""Rows of the change log as the changes a reader is told."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.sync.feed import Op, Side, inside, op_of


class Told(Struct, frozen=True, omit_defaults=True):
    """One change as a reader is told of it; the feature comes with a put."""

    op: Op
    id: str
    kind: str
    version: int
    at: str
    verb: str | None = None
    feature: msgspec.Raw | None = None


def tell(row: Mapping[str, Any], sight: Sight, place: str | None) -> Told | None:
    """What this reader is told of a change; None where it is none of theirs."""
    before, after = (_side(row, when, sight, place) for when in ("before", "after"))
    op = op_of(before, after, sight.clearance)
    if op is None:
        return None
    identity, at = str(row["resource_id"]), row["at"].isoformat()
    if op != "put":
        return Told(op, identity, row["kind"], row["version"], at)
    text = row["feature"]
    if sight.clearance == "public":
        text = row["public_feature"] or text
    return Told(op, identity, row["kind"], row["version"], at, row["verb"], msgspec.Raw(text.encode()))


def _side(row: Mapping[str, Any], when: str, sight: Sight, place: str | None) -> Side:
    above = row[f"above_{when}"]
    return Side(
        visibility=row[f"visibility_{when}"],
        inside=inside(place, above),
        own=bool(set(sight.scope) & set(above)),
        gone=row[f"gone_{when}"],
    )

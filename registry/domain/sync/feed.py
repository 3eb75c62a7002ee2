"""The change feed: which changes a client may see, and in what form."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.records.resource import Visibility

Op = Literal["put", "delete", "scope_out"]


class FeedChange(Struct, frozen=True, omit_defaults=True):
    """One change as a client sees it; a put carries the feature."""

    op: Op
    id: str
    kind: str
    version: int
    at: str
    verb: str | None = None
    feature: msgspec.Raw | None = None


class RecordState(Struct, frozen=True):
    """A record before or after a change, as far as it decides who may see it."""

    visibility: Visibility | None
    in_place: bool
    in_scope: bool
    gone: bool


def is_visible(state: RecordState, clearance: Visibility) -> bool:
    """Whether a client sees the record in this state: it exists, lies in the place, and is not hidden."""
    if state.visibility is None or not state.in_place:
        return False
    if state.visibility != "restricted" or clearance == "restricted":
        return True
    return clearance == "internal" and state.in_scope


def op_of(before: RecordState, after: RecordState, clearance: Visibility) -> Op | None:
    """What a change means to a client; None when the client may not know of it.

    A retired record is a delete. One that leaves the client's places or sight is a scope_out.
    """
    if is_visible(after, clearance):
        return "delete" if after.gone else "put"
    return "scope_out" if is_visible(before, clearance) and not before.gone else None


def visible_change(row: Mapping[str, Any], sight: Sight, place: str | None) -> FeedChange | None:
    """A row of the change log as this client sees it; None when it may not know of it."""
    before, after = (_state(row, when, sight, place) for when in ("before", "after"))
    op = op_of(before, after, sight.clearance)
    if op is None:
        return None
    identity, at = str(row["resource_id"]), row["at"].isoformat()
    if op != "put":
        return FeedChange(op, identity, row["kind"], row["version"], at)
    text = row["feature"]
    if sight.clearance == "public":
        text = row["public_feature"] or text
    return FeedChange(op, identity, row["kind"], row["version"], at, row["verb"], msgspec.Raw(text.encode()))


def _state(row: Mapping[str, Any], when: str, sight: Sight, place: str | None) -> RecordState:
    ancestors = row[f"above_{when}"]
    return RecordState(
        visibility=row[f"visibility_{when}"],
        in_place=place is None or place in ancestors,
        in_scope=bool(set(sight.scope) & set(ancestors)),
        gone=row[f"gone_{when}"],
    )

"""The change feed: which changes a client may see, and in what form."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from registry.domain.access.sight import Sight, stricter
from registry.domain.records.resource import Visibility
from registry.domain.sync.feed_cursor import LogPosition

Op = Literal["put", "delete", "scope_out"]


class FeedChange(Struct, frozen=True, omit_defaults=True):
    """One change as a client sees it; a put carries the feature of a resource, or the entry of a register."""

    op: Op
    id: str
    kind: str
    """What the change is of: a resource, or an entry of a register."""
    version: int
    at: str
    """When the change was recorded."""
    verb: str | None = None
    feature: msgspec.Raw | None = None
    entry: msgspec.Raw | None = None


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


def op_of(
    before: RecordState, after: RecordState, clearance: Visibility, *, hidden_now: bool, may_hold: bool
) -> Op | None:
    """What a change means to a client; None when the client may not know of it.

    A retired record is a delete. One that leaves the client's places or sight is a scope_out. A record that
    is hidden today is told to nobody, but a client that may hold it is told to drop it.
    """
    if is_visible(after, clearance) and not hidden_now:
        return "delete" if after.gone else "put"
    if not is_visible(before, clearance) or before.gone:
        return None
    return "scope_out" if may_hold or not hidden_now else None


def visible_change(
    row: Mapping[str, Any], sight: Sight, place: str | None, since: LogPosition
) -> FeedChange | None:
    """A row of the change log as this client sees it today; None when it may not know of it.

    The client began to read at `since`: it holds nothing that was hidden before that.
    """
    before, after = (_state(row, when, sight, place) for when in ("before", "after"))
    text = _text(row, sight)
    op = op_of(
        before,
        after,
        sight.clearance,
        hidden_now=text is None or not is_visible(_state(row, "now", sight, None), sight.clearance),
        may_hold=position_of(row) > since,
    )
    if op is None:
        return None
    identity, at = str(row["resource_id"]), row["at"].isoformat()
    if op != "put" or text is None:
        return FeedChange(op, identity, row["kind"], row["version"], at)
    change = FeedChange(op, identity, row["kind"], row["version"], at, row["verb"])
    member = "feature" if row["entry"] is None else "entry"
    return structs.replace(change, **{member: msgspec.Raw(text.encode())})


def position_of(row: Mapping[str, Any]) -> LogPosition:
    """Where a row of the change log stands."""
    return LogPosition(int(row["xid"]), row["seq"])


def _text(row: Mapping[str, Any], sight: Sight) -> str | None:
    """The version as this client may read it; None where the public face that it needs is not made yet."""
    if row["entry"] is not None:
        return _entry_text(row, sight)
    text: str | None = row["feature"]
    if sight.clearance != "public":
        return text
    secret = stricter(row["visibility_after"], row["visibility_now"]) != "public"
    face: str | None = row["public_feature"]
    return face if secret else face or text


def _entry_text(row: Mapping[str, Any], sight: Sight) -> str:
    """The entry; the public sees only contacts that are published and still are."""
    text: str = row["entry"]
    if sight.clearance != "public":
        return text
    members = msgspec.json.decode(text)
    if not (members.get("published") and row["published_now"]):
        members.pop("contact", None)
    return msgspec.json.encode(members).decode()


def _visibility(row: Mapping[str, Any], when: str, sight: Sight) -> Visibility | None:
    """The visibility of a record. An internal entry has no public face, so that the public knows nothing."""
    stated: Visibility | None = row[f"visibility_{when}"]
    hidden = row["entry"] is not None and sight.clearance == "public" and stated == "internal"
    return "restricted" if hidden else stated


def _strictest(row: Mapping[str, Any], when: str) -> Visibility | None:
    """The stricter visibility of then and now: to the public only a public record lies in a place."""
    then, now = row[f"visibility_{when}"], row["visibility_now"]
    return None if then is None or now is None else stricter(then, now)


def _state(row: Mapping[str, Any], when: str, sight: Sight, place: str | None) -> RecordState:
    visibility = _visibility(row, when, sight)
    filed = sight.clearance != "public" or _strictest(row, when) == "public"
    ancestors = row[f"above_{when}"] if filed else ()
    return RecordState(
        visibility=visibility,
        in_place=place is None or place in ancestors,
        in_scope=bool(set(sight.scope) & set(ancestors)),
        gone=when != "now" and row[f"gone_{when}"],
    )

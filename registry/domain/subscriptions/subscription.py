"""A subscription: which changes are told to which address, as whose reader."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from registry.domain.access.actor import Actor, Role, sight_of
from registry.domain.plans.entry import Register
from registry.domain.records.resource import Exercise, Kind
from registry.domain.subscriptions.deadline import DeadlineEvent, Reached, deadlines_of
from registry.domain.sync.feed import FeedChange, position_of, visible_change
from registry.domain.sync.feed_cursor import LogPosition
from registry.domain.values import PlaceCode, ShortText

EventType = Literal[
    "record.created",
    "record.changed",
    "record.gone",
    "incident.opened",
    "incident.closed",
    "resource.out_of_use",
    "stock.below_minimum",
    "stock.expiring",
    "stock.expired",
    "verification.due",
    "warning.in_force",
    "warning.ended",
    "question.alarm",
    "question.possible",
    "question.fine",
]
"""What a change may be besides a change; one change may be several."""
SubjectKind = Kind | Register
Url = Annotated[str, Meta(min_length=8, max_length=2000, pattern=r"^https?://[^\s#@]+$")]
Secret = Annotated[str, Meta(pattern=r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}$")]
EVERY_KIND: list[str | None] = [None]


class SubscriptionDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants to be told, and where; without kinds and events everything that they may see."""

    url: Url
    name: ShortText | None = None
    """A name of the subscription for people."""
    place: PlaceCode | None = None
    kinds: Annotated[list[SubjectKind], Meta(max_length=40)] = field(default_factory=list)
    """Kinds of record and registers to be told of; none for all."""
    events: Annotated[list[EventType], Meta(max_length=20)] = field(default_factory=list)
    """Events to be told of; none for all."""
    secret: Secret | None = None
    """A secret to sign with; one is made unless given."""


class WebhookSubscription(Struct, frozen=True, kw_only=True):
    """A subscription with its health; the secret is shown once, when it is made."""

    id: UUID
    name: str | None
    """A name of the subscription for people."""
    url: str
    place: str | None
    kinds: list[str]
    events: list[str]
    owner: str
    """Who made it."""
    role: Role
    """Role with which the messages are made."""
    places: list[str]
    exercise: Exercise | None
    since: LogPosition
    """Where in the order of changes it began."""
    created_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    last_delivered_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_error: str | None = None
    failures: int = 0

    def actor(self) -> Actor:
        """The owner, as whom the changes are read."""
        return Actor(id=self.owner, role=self.role, places=tuple(self.places) or None)


class EventMessage(Struct, frozen=True, kw_only=True):
    """The body of a delivery: the event, when it happened, and the change as the feed tells it."""

    type: str
    timestamp: str
    events: list[str]
    data: FeedChange


def events_of(row: Mapping[str, Any], change: FeedChange, reached: Reached) -> list[EventType]:
    """What a change of the log is; the members are those that the subscriber may see.

    Deadlines are those that a change brings after they were told.
    """
    if change.op != "put":
        return ["record.gone", *_out_of_use(row, {}, gone=True)]
    created = row["visibility_before"] is None
    events: list[EventType] = ["record.created" if created else "record.changed"]
    raw = change.entry if change.entry is not None else change.feature
    members: dict[str, Any] = msgspec.json.decode(raw or b"{}")
    members = members.get("properties", members)
    if row["kind"] == "incident":
        events += ["incident.opened"] if created else []
        events += ["incident.closed"] if members.get("state") == "closed" else []
    elif row["kind"] == "warning":
        events += FORCES.get(members.get("force", ""), [])
    elif row["kind"] == "standing_question":
        events += QUESTIONS.get(members.get("state", ""), [])
    return [*events, *deadlines_of(members, reached), *_out_of_use(row, members), *_below_minimum(members)]


FORCES: Mapping[str, list[EventType]] = {
    "in_force": ["warning.in_force"],
    "expired": ["warning.ended"],
    "cancelled": ["warning.ended"],
    "superseded": ["warning.ended"],
}
QUESTIONS: Mapping[str, list[EventType]] = {
    "alarm": ["question.alarm"],
    "possible": ["question.possible"],
    "fine": ["question.fine"],
}
OUT: Mapping[str, tuple[str, ...]] = {
    "lifecycle": ("suspended", "retired"),
    "operational": ("no",),
    "readiness": ("unavailable",),
    "opening": ("closed",),
}


def _out_of_use(row: Mapping[str, Any], members: Mapping[str, Any], *, gone: bool = False) -> list[EventType]:
    is_resource = row["entry"] is None
    out = gone or any(members.get(name) in values for name, values in OUT.items())
    return ["resource.out_of_use"] if is_resource and out else []


def _below_minimum(members: Mapping[str, Any]) -> list[EventType]:
    lines = members.get("stock") or []
    low = any(
        line.get("minimum") is not None
        and line.get("quantity") is not None
        and line["quantity"] < line["minimum"]
        for line in lines
    )
    return ["stock.below_minimum"] if low else []


class SubscriptionIndex:
    """Subscriptions by place and kind, so that a change looks only at those that may match."""

    def __init__(self, subscriptions: Iterable[WebhookSubscription]) -> None:
        self._by_place: dict[tuple[str | None, str | None], list[WebhookSubscription]] = defaultdict(list)
        self.count = 0
        for one in subscriptions:
            self.count += 1
            for kind in one.kinds or EVERY_KIND:
                self._by_place[one.place, kind].append(one)

    def may_match(self, row: Mapping[str, Any]) -> list[WebhookSubscription]:
        """The subscriptions for the kind of a change, and for a place that holds or held its record."""
        places = {None, *row["above_before"], *row["above_after"]}
        return [
            one
            for place in places
            for kind in (None, row["kind"])
            for one in self._by_place.get((place, kind), ())
            if (one.exercise or "live") == row["realm"]
        ]


class ToldChange:
    """A change of the log as subscriptions are told of it, worked out once for all who see the same."""

    def __init__(self, row: Mapping[str, Any], reached: Reached) -> None:
        self._row = row
        self._reached = reached
        self._position = position_of(row)
        self._seen: dict[Any, tuple[FeedChange, list[EventType]] | None] = {}
        self._bodies: dict[Any, tuple[str, str]] = {}

    def message(self, subscription: WebhookSubscription) -> tuple[str, str] | None:
        """Type and body of its message; None when it does not ask for it, or may not know of it."""
        if self._position <= subscription.since:
            return None
        key = subscription.role, tuple(subscription.places), subscription.exercise, subscription.place
        if key not in self._seen:
            self._seen[key] = self._change(subscription)
        if (seen := self._seen[key]) is None:
            return None
        change, events = seen
        matching = [event for event in events if not subscription.events or event in subscription.events]
        if not matching:
            return None
        if (key, matching[-1]) not in self._bodies:
            message = EventMessage(type=matching[-1], timestamp=change.at, events=list(events), data=change)
            self._bodies[key, matching[-1]] = message.type, msgspec.json.encode(message).decode()
        return self._bodies[key, matching[-1]]

    def _change(self, subscription: WebhookSubscription) -> tuple[FeedChange, list[EventType]] | None:
        sight = sight_of(subscription.actor(), subscription.exercise)
        change = visible_change(self._row, sight, subscription.place, subscription.since)
        return None if change is None else (change, events_of(self._row, change, self._reached))


def deadline_message(
    row: Mapping[str, Any], subscription: WebhookSubscription, event: DeadlineEvent, at: datetime
) -> tuple[str, str] | None:
    """What a subscription is told of a deadline that has come; None as for a change."""
    if subscription.events and event not in subscription.events:
        return None
    sight = sight_of(subscription.actor(), subscription.exercise)
    change = visible_change(row, sight, subscription.place, subscription.since)
    if change is None or change.op != "put" or not _shows(change, event):
        return None
    message = EventMessage(type=event, timestamp=at.isoformat(), events=[event], data=change)
    return event, msgspec.json.encode(message).decode()


def _shows(change: FeedChange, event: DeadlineEvent) -> bool:
    """Whether the subscriber may see the value that the deadline follows from."""
    members = msgspec.json.decode(change.feature or b"{}").get("properties", {})
    return bool(members.get("verified_at" if event == "verification.due" else "stock"))

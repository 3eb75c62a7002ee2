"""What a report or an edit said that is not the state now, and why, in words."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from registry.domain.records.state import Fold, Observation, Subject

Why = Literal["later_stands", "counted_later", "never_counted", "overdrawn"]
SHOWN = ("readiness", "opening", "occupancy_persons", "operational", "coordinates", "quantity")
WORDS: dict[Why, tuple[str, str]] = {
    "later_stands": (
        "{at} 的观测（{value}）较晚，仍然有效；本次上报已存档，不改变当前状态",
        "a later observation stands ({at}: {value}); this one is kept and does not change the state",
    ),
    "counted_later": (
        "{at} 的盘点（{value}）晚于这笔出入库，已包含它；库存不变",
        "the stock was counted later ({at}: {value}), which includes this movement; it is kept",
    ),
    "never_counted": (
        "该物资尚未盘点，数量仍为未知；盘点后按时间先后计入这笔出入库",
        "the item was never counted, so its quantity stays unknown; a count will take this movement in",
    ),
    "overdrawn": (
        "出库累计多于 {at} 的盘点（{value}），数量改为未知，请重新盘点",
        "more went out than was counted ({at}: {value}); the quantity is unknown until the next count",
    ),
}


class StandingObservation(Struct, frozen=True):
    """The observation that holds: of which report, when, and what it says."""

    id: UUID
    observed_at: datetime | None
    value: dict[str, Any]


class Unapplied(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An observation that is kept and is not what the state shows: why, in words, and which one holds."""

    code: Why
    """Why the state shows another observation."""
    subject: Subject
    """What was observed."""
    value: dict[str, Any]
    observed_at: datetime | None
    message: dict[str, str]
    standing: StandingObservation | None = None


def unapplied(observations: Iterable[Observation], folds: Mapping[str, Fold]) -> tuple[Unapplied, ...]:
    """Those of the new observations that the folds of their slots do not show."""
    reasons = [(one, folds[one.slot], _why(one, folds[one.slot])) for one in observations]
    return tuple(_explain(one, fold.standing, why) for one, fold, why in reasons if why is not None)


def _why(one: Observation, fold: Fold) -> Why | None:
    standing = fold.standing
    if one.subject != "movement":
        return None if one == standing else "later_stands"
    if standing is None or (standing.value.get("quantity") is None and one.order > standing.order):
        return "never_counted"
    if one.order < standing.order:
        return "counted_later"
    return "overdrawn" if fold.is_overdrawn else None


def _explain(one: Observation, standing: Observation | None, why: Why) -> Unapplied:
    figures = {"at": _text(standing.observed_at), "value": _value(standing.value)} if standing else {}
    zh, en = (words.format(**figures) for words in WORDS[why])
    return Unapplied(
        code=why,
        subject=one.subject,
        value=one.value,
        observed_at=one.observed_at,
        message={"zh": zh, "en": en},
        standing=None if standing is None else _standing(standing),
    )


def _standing(one: Observation) -> StandingObservation:
    return StandingObservation(one.id, one.observed_at, one.value)


def _text(moment: datetime | None) -> str:
    if moment is None:
        return "-"
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _value(value: Mapping[str, Any]) -> str:
    return ", ".join(str(value[name]) for name in SHOWN if name in value)

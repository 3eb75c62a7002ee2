"""The conditions of a question as a caller writes them, and the Filter they come to."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from registry.domain.errors import InvalidQuery
from registry.domain.records.resource import (
    Force,
    Kind,
    Lifecycle,
    Opening,
    Operational,
    Quality,
    Readiness,
    Tier,
    WatchForm,
)
from registry.domain.search import Filter, Level, aware
from registry.domain.values import Code, Count, Quantity

CodedText = Annotated[str, Meta(min_length=1, max_length=129, pattern=r"^[0-9A-Za-z][0-9A-Za-z_.:\-]*$")]
CodedList = Annotated[list[CodedText], Meta(min_length=1, max_length=50)]
Kinds = Annotated[list[Kind], Meta(min_length=1, max_length=4)]
Days = Annotated[float, Meta(ge=0, le=36_500)]
Partners = Literal["include", "exclude", "only"]
STOCK_SCHEME = "gbt38565"
OWN_SCHEME = "registry"


class Conditions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a record must meet; a code without a scheme is one of the registry's own, of an item GB/T 38565's.

    Without a lifecycle only what is in service counts, and only what is valid now.
    """

    kind: Kind | None = None
    kinds: Kinds | None = None
    place: Code | None = None
    lifecycle: Lifecycle | None = None
    quality: Quality | None = None
    force: Force | None = None
    level: Level | None = None
    tier: Tier | None = None
    form: WatchForm | None = None
    specialties_any: CodedList | None = None
    specialties_all: CodedList | None = None
    hazards_any: CodedList | None = None
    hazards_all: CodedList | None = None
    readiness: Readiness | None = None
    opening: Opening | None = None
    operational: Operational | None = None
    free_persons: Count | None = None
    item: CodedText | None = None
    quantity: Quantity | None = None
    verified_since: datetime | None = None
    max_age_days: Days | None = None
    partners: Partners = "include"


SAME = (
    "kind", "place", "quality", "force", "level", "tier", "form", "readiness", "opening", "operational",
    "free_persons", "quantity",
)  # fmt: skip
CODED = ("specialties_any", "specialties_all", "hazards_any", "hazards_all")


def filter_of(given: Conditions, now: datetime) -> Filter:
    """The Filter of these conditions at this time; InvalidQuery for those that contradict each other."""
    if given.kind is not None and given.kinds is not None:
        raise InvalidQuery("give kind or kinds, not both", field="kinds")
    if given.quantity is not None and given.item is None:
        raise InvalidQuery("a quantity is of an item", field="quantity")
    same: dict[str, Any] = {name: getattr(given, name) for name in SAME}
    same |= {name: _all_keyed(getattr(given, name)) for name in CODED}
    return Filter(
        lifecycle=given.lifecycle or "in_service",
        valid_at=now,
        kinds=None if given.kinds is None else tuple(sorted(set(given.kinds))),
        item=None if given.item is None else _keyed(given.item, STOCK_SCHEME),
        verified_since=_since(given, now),
        partners=None if given.partners == "include" else given.partners,
        **same,
    )


def _since(given: Conditions, now: datetime) -> datetime | None:
    since = aware(given.verified_since, "verified_since")
    if given.max_age_days is None:
        return since
    youngest = now - timedelta(days=given.max_age_days)
    return youngest if since is None else max(since, youngest)


def _keyed(code: str, scheme: str) -> str:
    return code if ":" in code else f"{scheme}:{code}"


def _all_keyed(codes: list[str] | None) -> tuple[str, ...] | None:
    return None if codes is None else tuple(_keyed(code, OWN_SCHEME) for code in codes)

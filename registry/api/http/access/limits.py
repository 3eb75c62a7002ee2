"""Limits for each caller: cost units by the minute."""

import re
import time
from collections.abc import Mapping

from litestar import Litestar
from litestar.routes import HTTPRoute

from registry.domain.errors import TooMany
from registry.runtime.settings import Settings, is_loopback

REFUSAL_UNITS = 10
VALUES_A_UNIT = 100
EXPORT = 100
FILES = re.compile(rb"(?:^|&)f=(?:geojsonseq|csv|xlsx|fgb|gpkg|kml)(?:&|$)")
FILE_TYPES = re.compile(rb"geo\+json-seq|text/csv|spreadsheetml|flatgeobuf|geopackage|google-earth")
WINDOW_S = 60.0
MOST_BUCKETS = 20_000


class RateLimit:
    """A token bucket of cost units for each caller, which refills evenly over a minute."""

    def __init__(self, per_minute: int) -> None:
        self.quota = per_minute
        self._levels: dict[str, tuple[float, float]] = {}

    def left(self, caller: str) -> float:
        """The units that the caller has now."""
        level, at = self._levels.get(caller, (float(self.quota), 0.0))
        return min(self.quota, level + (time.monotonic() - at) * self.quota / WINDOW_S)

    def charge(self, caller: str, units: int) -> float:
        """Take units and return the rest; TooMany, with nothing taken, when there are too few."""
        left = self.left(caller) - units
        if left < 0:
            wait_s = int(-left * WINDOW_S / self.quota) + 1
            raise TooMany(
                f"the request costs {units} units; the quota is {self.quota} a minute",
                retry_after_s=min(wait_s, 60),
            )
        if caller not in self._levels and len(self._levels) >= MOST_BUCKETS:
            self._forget()
        self._levels[caller] = (left, time.monotonic())
        return left

    def _forget(self) -> None:
        """Drop full buckets; if there are none, drop the oldest half."""
        oldest = time.monotonic() - WINDOW_S
        kept = {caller: entry for caller, entry in self._levels.items() if entry[1] > oldest}
        if len(kept) >= MOST_BUCKETS:
            kept = dict(sorted(kept.items(), key=lambda item: item[1][1])[MOST_BUCKETS // 2 :])
        self._levels = kept


def units_per_minute(settings: Settings) -> int:
    """The quota of each caller, 0 for none: the setting, else 600 unless only this host can connect."""
    if settings.units_per_minute is not None:
        return settings.units_per_minute
    return 0 if is_loopback(settings.host) and not settings.trusted_proxies else 600


def costs(app: Litestar) -> dict[str, int]:
    """The cost of each route above one unit, by the fixed prefix of its path."""
    by_prefix: dict[str, int] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            cost = max(int(handler.opt.get("cost", 1)) for handler in route.route_handlers)
            start = route.path.partition("{")[0].rstrip("/")
            if cost > 1 and start:
                by_prefix[start] = max(cost, by_prefix.get(start, 1))
    return by_prefix


def size_cost(body: bytes, bytes_a_unit: int | None = None) -> int:
    """The units that a body adds: one for each hundred values, which commas separate, or for so many bytes.

    An area of 10,000 corners, an alert of 1,000 circles or a batch of 1,000 spots cost what they take, before
    any of it is read.
    """
    if bytes_a_unit is not None:
        return len(body) // bytes_a_unit
    return body.count(b",") // VALUES_A_UNIT


def is_export(query: bytes, accept: bytes) -> bool:
    """Whether a request is for a file of a whole collection."""
    return bool((query and FILES.search(query)) or (accept and FILE_TYPES.search(accept)))


def cost_of(costs: Mapping[str, int], path: str) -> int:
    """The cost of a request for `path`: that of the longest prefix that has one."""
    while path:
        if path in costs:
            return costs[path]
        path = path.rpartition("/")[0]
    return 1

"""The stored warnings in force at a spot."""

from registry.domain.access.sight import Sight
from registry.domain.incidents.warning import StoredWarning, force_at
from registry.domain.plans.near_entry import Measured
from registry.domain.proximity.origin import Start, as_spot
from registry.services.clock import now
from registry.services.plans.near_entries import measured_near
from registry.services.proximity.situation import chain_of
from registry.store.database.pool import Reader

MOST_WARNINGS = 500


async def warnings_around(reader: Reader, sight: Sight, start: Start) -> list[StoredWarning]:
    """The warnings in force whose drawing touches the start, or that name a place that holds a part of it."""
    at = sight.as_of or now()
    spot = as_spot(start)
    chain, _ = await chain_of(reader, start, at.date())
    codes = {place["code"] for place in chain}
    measured, _ = await measured_near(
        reader, sight, ["warning"], spot, spot.margin_m, MOST_WARNINGS, whole=True
    )
    touched = [
        one.entry
        for one in measured
        if isinstance(one.entry, StoredWarning) and (_touches(one) or _names(one.entry, codes))
    ]
    found = [one for one in touched if force_at(one, at) == "in_force"]
    return sorted(found, key=lambda one: (one.sent, str(one.id)), reverse=True)


def _touches(one: Measured) -> bool:
    return one.distance_m is not None and one.interval.min_m in (0.0, None)


def _names(warning: StoredWarning, codes: set[str]) -> bool:
    return any(code in codes for area in warning.areas for code in area.places)

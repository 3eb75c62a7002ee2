"""The time zone of the registry's jurisdiction, and whose public holidays hold in it."""

from registry.store.database.pool import Reader
from registry.store.places import jurisdictions

COUNTRIES = {"Asia/Shanghai": "CN", "Asia/Urumqi": "CN", "Asia/Tokyo": "JP"}
"""The country whose public holidays hold in a time zone; elsewhere the hours must not say PH."""
QUESTION = ("time zone",)
FOR_EVER = ""
"""A jurisdiction is stored once and never changed, so that its zone is kept at every moment."""


async def time_zone(reader: Reader) -> str:
    """The zone of the jurisdiction; UTC in a registry that nobody initialised."""
    kept: str | None = reader.kept.get(QUESTION, FOR_EVER)
    if kept is not None:
        return kept
    jurisdiction = await jurisdictions.get(reader)
    if jurisdiction is None:
        return "UTC"
    reader.kept.put(QUESTION, FOR_EVER, jurisdiction.tz, of_records=False)
    return jurisdiction.tz


def holidays_of(zone: str) -> str | None:
    """The country whose public holidays hold in a zone."""
    return COUNTRIES.get(zone)

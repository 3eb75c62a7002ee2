"""Records under a code that has ended: they stay, and are proposed for the place that took its ground."""

from uuid import UUID

from msgspec import Struct, structs

from registry.domain.access.actor import Actor
from registry.domain.access.sight import Sight
from registry.domain.intake.finding import finding
from registry.domain.places.place import in_force
from registry.domain.values import Name
from registry.services.clock import now
from registry.services.intake.admit import changed_findings, finding_row
from registry.store.database.pool import Reader, Writer
from registry.store.intake import findings
from registry.store.places import places
from registry.store.visibility import realm

MOST_NAMED = 50
MOST_KEPT = 100_000
CODE = "place_ended"


class RecordToRehome(Struct, frozen=True):
    """A record under a code that has ended; `proposed` is a place in force, None when nothing tells one."""

    id: str
    kind: str
    name: Name
    place: str
    """The code that has ended."""
    proposed: str | None


async def to_rehome(reader: Reader, sight: Sight, code: str, most: int = MOST_NAMED) -> list[RecordToRehome]:
    """At most so many records of a code that has ended; none for a place in force."""
    place = await places.get(reader, code)
    today = now().date()
    if place is None or in_force(None, place["valid_to"], today):
        return []
    successor = place["successors"][0] if len(place["successors"]) == 1 else None
    return [
        RecordToRehome(
            id=str(row["id"]),
            kind=row["kind"],
            name=Name(row["name_zh"], row["name_en"]),
            place=row["place"],
            proposed=row["proposed"] or successor,
        )
        for row in await places.rehoming(reader, sight, place["code"], today, most)
    ]


async def keep_rehoming(writer: Writer, sight: Sight, actor: Actor, code: str) -> None:
    """Store a warning beside each record of a code that has ended; remove them where it is in force."""
    place = await places.get(writer, code)
    records = await to_rehome(writer, sight, code, MOST_KEPT)
    if place is None or not records:
        await findings.remove_open(writer, sight, CODE, code)
        return
    at = now()
    shared = {"realm": realm(sight), "found_at": at, "actor": actor.id}
    known = await findings.of_records(writer, sight, [UUID(record.id) for record in records])
    name = Name(place["name_zh"], place["name_en"])
    added = []
    for record in records:
        figures = {"code": code, "name": name, "day": place["valid_to"]}
        found = finding(CODE, "/properties/place", code, record.proposed, **figures)
        identity = UUID(record.id)
        warning = structs.replace(found, severity="warn")
        changed = changed_findings([warning], known.get(identity, ()))
        added += [finding_row(one, at) | shared | {"subject": identity} for one in changed.added]
    await findings.add_many(writer, added)

"""Take identities of other systems for a record, without telling who else has one."""

from typing import Any

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.errors import Duplicate
from registry.domain.identity import new_id
from registry.domain.intake.finding import finding
from registry.domain.records.resource import Resource
from registry.services.clock import now
from registry.store.database.pool import Writer
from registry.store.intake import findings
from registry.store.records import external_ids, resources
from registry.store.visibility import realm


async def take_external_ids(
    writer: Writer, sight: Sight, actor: str, record: Resource, before: Resource | None = None
) -> None:
    """Duplicate where a record that the actor may see has an identity which is new to this one.

    A record that the actor may not see must not be told of. Both have the identity then, and a warning beside
    the hidden one tells those who see both.
    """
    known = [] if before is None else [(one.system, one.id) for one in before.properties.external_ids]
    fresh = [one for one in record.properties.external_ids if (one.system, one.id) not in known]
    holders = await external_ids.other_holders(writer, record, fresh) if fresh else {}
    if not holders:
        return
    for shown in await resources.visible(writer, sight, map(str, holders)):
        other = next(one for identity, one in holders.items() if str(identity) == shown)
        raise Duplicate(
            f"{other.system}:{other.id} is {shown} already",
            field="properties.external_ids",
            zh=f"{other.system}:{other.id} 已是记录 {shown}",
        )
    at = now()
    rows = [
        _warning(record, f"{other.system}:{other.id}")
        | {"id": new_id(int(at.timestamp() * 1000)), "realm": realm(sight), "subject": hidden}
        | {"found_at": at, "actor": actor}
        for hidden, other in holders.items()
    ]
    await findings.replace(writer, (), rows)


def _warning(record: Resource, identity: str) -> dict[str, Any]:
    other = {"id": str(record.id), "name": msgspec.to_builtins(record.properties.name)}
    found = finding(
        "shared_external_id",
        "/properties/external_ids",
        identity,
        other,
        name=record.properties.name,
        identity=identity,
    )
    return {"severity": found.severity, "code": found.code, "body": msgspec.to_builtins(found)}

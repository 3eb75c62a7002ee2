"""Receive a file: store it as it came, so that a job can read and check it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from registry.domain.access.actor import Actor, require
from registry.domain.errors import Conflict, Invalid
from registry.domain.identity import new_id
from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.lists.list_kind import FileKind
from registry.services.clock import now
from registry.services.intake.files.check_sheets import FileOptions
from registry.services.intake.files.intakes import LAST, IntakeAnswers
from registry.services.records.work import Work
from registry.store.files.envelope import MOST_BYTES
from registry.store.intake import intakes

KEPT_UNCOMMITTED = timedelta(days=7)
MOST_OPEN = 50
"""Files of one person that wait at the same time."""


async def receive(
    work: Work, kind: FileKind, name: str, content: bytes, answers: IntakeAnswers | None = None
) -> UUID:
    """Store a file; Invalid for one that is empty or too large, Conflict when too many wait."""
    require(work.actor, "planner")
    if not content:
        raise Invalid(str(RefusedFile("empty_file")))
    if len(content) > MOST_BYTES:
        raise Invalid(str(RefusedFile("too_large", megabytes=MOST_BYTES // 2**20)))
    if len(await intakes.find(work.writer, work.sight, work.actor.id, LAST, MOST_OPEN)) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} files wait already; store or delete some of them")
    at = now()
    identity = new_id(int(at.timestamp() * 1000))
    given = (answers or IntakeAnswers()).given()
    options = msgspec.convert({"kind": kind, "reference": name, "system": "office"} | given, FileOptions)
    values: dict[str, Any] = {"id": identity, "kind": kind, "owner": work.actor.id, "file_name": name}
    values |= {"options": msgspec.to_builtins(options), "created_at": at, "updated_at": at}
    await intakes.add(work.writer, work.sight, values | {"expires_at": at + KEPT_UNCOMMITTED}, content)
    return identity


def office_of(actor: Actor) -> str:
    """Whose answers about files are remembered together: those of the people of the same places."""
    return ",".join(sorted(actor.places or ())) or actor.id

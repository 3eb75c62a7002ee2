"""Intakes: the files that offices brought, as their owners read them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from registry.domain.access.actor import Actor, require
from registry.domain.access.sight import Sight
from registry.domain.errors import Conflict, NotFound
from registry.domain.intake.lists.list_kind import FileKind
from registry.domain.records.resource import Datum
from registry.domain.values import ShortText
from registry.services.intake.files.check_sheets import CheckedFile, FileOptions
from registry.store.database.pool import Reader, Row, Writer
from registry.store.intake import intake_rows, intakes

LAST = UUID(int=2**128 - 1)
IntakeState = Literal["received", "asks", "checked", "committed", "undone", "refused"]


class IntakeAnswers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What the office answers about its file; what is not given stays as it was.

    `columns` gives a field, or null, to a column by its letter or its title. `header_row` is its last row,
    from 1. `whole_list_of` is the place of which the file lists everything. With `remember` the answers are
    taken for the next file with the same headers.
    """

    encoding: ShortText | UnsetType | None = UNSET
    sheet: ShortText | UnsetType | None = UNSET
    header_row: int | UnsetType | None = UNSET
    columns: dict[str, str | None] | UnsetType = UNSET
    datum: Datum | UnsetType | None = UNSET
    system: ShortText | UnsetType = UNSET
    """The office's own list, whose identities the rows have."""
    whole_list_of: ShortText | UnsetType | None = UNSET
    remember: bool = True

    def given(self) -> dict[str, Any]:
        """The answers that are given."""
        return {
            name: value
            for name in self.__struct_fields__
            if name != "remember" and (value := getattr(self, name)) is not UNSET
        }


class IntakeJob(Struct, frozen=True):
    """The work that is done on an intake, or was done last; `progress` is in percent."""

    id: UUID
    status: str
    """How the work stands."""
    progress: int
    message: str | None

    @property
    def is_open(self) -> bool:
        """Whether it still runs, or waits to."""
        return self.status in ("accepted", "running")


class Intake(Struct, frozen=True, kw_only=True):
    """One upload: its file, what was answered and found, and what was stored of it.

    `counts` are rows by what they would do: `storing` those that a commit stores now, `waiting` those that
    need a correction or a decision first.
    """

    id: UUID
    kind: FileKind
    """Kind of the records of the file."""
    exercise: str | None
    owner: str
    file_name: str
    state: IntakeState
    """How far the file is."""
    version: int
    answers: FileOptions
    """What is known of the file and what the office answered."""
    report: CheckedFile | None
    """What was found of the file; null before it is read."""
    problem: dict[str, str] | None
    receipt: dict[str, Any] | None
    job: IntakeJob | None
    counts: dict[str, int]
    """How many rows would do what."""
    header_hash: str | None
    reference: str | None
    created_at: datetime
    updated_at: datetime
    committed_at: datetime | None
    undone_at: datetime | None
    expires_at: datetime


class IntakePage(Struct, frozen=True):
    """Some intakes, the latest first; `last` is where the next page goes on, None at the end."""

    intakes: list[Intake]
    last: UUID | None


async def list_intakes(
    reader: Reader, sight: Sight, actor: Actor, after: UUID | None, limit: int
) -> IntakePage:
    """The intakes of an actor, or everybody's for an administrator."""
    require(actor, "planner")
    owner = None if actor.role == "admin" else actor.id
    rows = await intakes.find(reader, sight, owner, after or LAST, limit + 1)
    found = [await _described(reader, sight, row) for row in rows[:limit]]
    return IntakePage(found, found[-1].id if len(rows) > limit else None)


async def read_intake(reader: Reader, sight: Sight, actor: Actor, identity: UUID) -> Intake:
    """One intake; NotFound for all but its owner and administrators."""
    require(actor, "planner")
    return await _own(reader, sight, actor, identity, await intakes.get(reader, sight, identity))


async def locked_intake(writer: Writer, sight: Sight, actor: Actor, identity: UUID) -> Intake:
    """The same, locked; Conflict while a job works on it."""
    require(actor, "planner")
    found = await _own(writer, sight, actor, identity, await intakes.lock(writer, sight, identity))
    if found.job is not None and found.job.is_open:
        raise Conflict("a job works on this file; wait until it ends")
    return found


async def _own(reader: Reader, sight: Sight, actor: Actor, identity: UUID, row: Row | None) -> Intake:
    if row is None or not (row["owner"] == actor.id or actor.role == "admin"):
        raise NotFound("intake", identity)
    return await _described(reader, sight, row)


async def _described(reader: Reader, sight: Sight, row: Row) -> Intake:
    job = None
    if row["job"] is not None and row["job_status"] is not None:
        job = IntakeJob(row["job"], row["job_status"], row["job_progress"], row["job_message"])
    counts = {}
    if row["state"] in ("checked", "committed"):
        actions = await intake_rows.actions(reader, row["id"])
        counts = actions | await intake_rows.count(reader, row["id"])
    plain = ("id", "kind", "owner", "file_name", "state", "version", "problem", "receipt", "header_hash")
    times = ("created_at", "updated_at", "committed_at", "undone_at", "expires_at")
    return Intake(
        **{name: row[name] for name in (*plain, *times)},
        exercise=sight.exercise,
        answers=msgspec.convert(row["options"], FileOptions),
        report=None if row["report"] is None else msgspec.convert(row["report"], CheckedFile),
        job=job,
        counts=counts,
        reference=row["reference"],
    )

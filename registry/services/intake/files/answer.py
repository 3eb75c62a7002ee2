"""Answer the questions about a file, decide many of its rows at once, or give it up."""

from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.errors import Conflict, Invalid
from registry.domain.intake.files.plan import Action, RowDecision
from registry.services.clock import now
from registry.services.intake.files.check_sheets import FileOptions
from registry.services.intake.files.intakes import Intake, IntakeAnswers, locked_intake
from registry.services.intake.files.receive import office_of
from registry.services.records.work import Edition, Work, check_version
from registry.store.intake import intake_rows, intakes

REMEMBERED = ("columns", "datum", "system")


class RowsDecision(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision about all rows of the version that was read that would do `action` and have a `code`."""

    version: int
    action: Action
    """What the rows would do that are meant."""
    code: str
    """A finding that the rows have that are meant."""
    take: Literal["new", "skip", "none"]


async def answer(work: Work, identity: UUID, answers: IntakeAnswers, edition: Edition) -> Intake:
    """Keep answers about the edition that was read; the file has to be checked again then."""
    intake = await locked_intake(work.writer, work.sight, work.actor, identity)
    check_version(intake.version, edition)
    if intake.state == "undone":
        raise Conflict("the file was stored and undone; bring it again")
    given = answers.given()
    try:
        options = msgspec.convert(msgspec.to_builtins(intake.answers) | given, FileOptions)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from error
    if options.encoding != intake.answers.encoding:
        await intakes.keep_sheets(work.writer, identity, None)
    await intakes.amend(work.writer, identity, options=msgspec.to_builtins(options))
    if answers.remember and intake.header_hash is not None and given.keys() & set(REMEMBERED):
        kept = {name: getattr(options, name) for name in REMEMBERED}
        values = {"owner": office_of(work.actor), "kind": intake.kind, "hash": intake.header_hash}
        await intakes.remember(work.writer, values | {"answers": kept, "updated_at": now()})
    return intake


async def decide_rows(work: Work, identity: UUID, decision: RowsDecision) -> int:
    """Decide rows together, and how many; the file has to be checked again then."""
    intake = await locked_intake(work.writer, work.sight, work.actor, identity)
    check_version(intake.version, Edition({decision.version}))
    if intake.state not in ("checked", "committed"):
        raise Conflict(f"the file is {intake.state}; only rows of a checked one can be decided")
    kept = RowDecision() if decision.take == "none" else RowDecision(take=decision.take)
    return await intake_rows.decide(
        work.writer, identity, decision.action, decision.code, msgspec.to_builtins(kept)
    )


async def discard(work: Work, identity: UUID) -> None:
    """Remove a file with its rows; Conflict for one that was stored and not undone."""
    intake = await locked_intake(work.writer, work.sight, work.actor, identity)
    if intake.state == "committed":
        raise Conflict("the file was stored: undo it first, or let it expire")
    await intakes.delete(work.writer, work.sight, identity)

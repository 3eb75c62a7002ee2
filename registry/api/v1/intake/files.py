"""Files over HTTP: upload, check, correct, store, undo."""

import re
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Struct, structs

from registry.api.http import params
from registry.api.http.access.realm_check import ANY_EXERCISE
from registry.api.http.conditional import IfMatch, etag_of, versions_in
from registry.api.http.dependencies import OF_PRIMARY, ActorDep, IdempotencyDep, ReaderDep, SightDep, WorkDep
from registry.api.http.idempotency import rendered, send, stating
from registry.api.http.links import JSON, page_links
from registry.api.http.request import HttpRequest
from registry.domain.cursor import (
    IdentityCursor,
    NumberCursor,
    decode_identity,
    decode_number,
)
from registry.domain.intake.files.plan import Action
from registry.domain.intake.finding import Severity
from registry.domain.intake.lists.list_kind import FileKind
from registry.domain.records.resource import Datum
from registry.services.intake.files import answer as answering
from registry.services.intake.files import intakes, rows
from registry.services.intake.files.answer import RowsDecision
from registry.services.intake.files.commit_intake import demand_committable
from registry.services.intake.files.correct_row import (
    RowCorrection,
    RowsCorrection,
    correct_row,
    correct_rows,
)
from registry.services.intake.files.intakes import Intake, IntakeAnswers, locked_intake, read_intake
from registry.services.intake.files.receive import receive
from registry.services.intake.files.rows import IntakeRow
from registry.services.intake.files.tasks import IntakeTask, Policy, Step, start, task_of
from registry.services.intake.files.undo_intake import demand_undoable
from registry.services.records.work import Edition, Work, check_version
from registry.store.access.idempotency import StoredResponse
from registry.store.files.envelope import MOST_BYTES

OPEN_PER_PROCESS = 10
FILE = "application/octet-stream"
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f/\\]+")

KindParam = Annotated[FileKind, QueryParameter(description="What the rows of the file are.")]
FileName = Annotated[
    str, QueryParameter(name="name", min_length=1, max_length=200, description="Name of the file.")
]
DatumParam = Annotated[Datum | None, QueryParameter(description="What the positions of the file came in.")]
WholeList = Annotated[
    str | None,
    QueryParameter(max_length=64, description="The place of which the file lists all that there is."),
]
ActionParam = Annotated[Action | None, QueryParameter(name="action", description="Rows that would do this.")]
SeverityParam = Annotated[
    Severity | None, QueryParameter(name="severity", description="Rows whose gravest finding is this.")
]
CodeParam = Annotated[
    str | None, QueryParameter(name="code", max_length=64, description="Rows with a finding of this code.")
]


class IntakeList(Struct, frozen=True):
    """Files that were brought, the latest first."""

    intakes: list[Intake]
    links: list[dict[str, str]]


class IntakeRowList(Struct, frozen=True):
    """Rows of a file, in their order."""

    rows: list[IntakeRow]
    links: list[dict[str, str]]


class CommitRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which rows to store of the version that was read.

    `clean` are those that need nothing; `all` stores them only when no row needs anything.
    `close` declares that the list of this kind and place is complete.
    """

    version: int
    policy: Policy = "clean"
    close: bool = False


class UndoRequest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether records that were edited since are left as they are; else they stand against undoing."""

    leave_edited: bool = False


async def _begin(request: HttpRequest, work: Work, task: IntakeTask) -> StoredResponse:
    """Store the job of a task, and describe the intake that it works on."""
    settings = request.app.state.settings
    most_open = settings.workers * settings.job_processes * OPEN_PER_PROCESS
    await start(work.writer, task, most_open=most_open)
    intake = await read_intake(work.writer, work.sight, work.actor, task.intake)
    location = f"/v1/intakes/{intake.id}"
    return rendered(intake, 202, Location=location, ETag=etag_of(intake.version, work.sight))


def _task(request: HttpRequest, work: Work, step: Step, identity: UUID) -> IntakeTask:
    return task_of(work, step, identity, mass_change_limit=request.app.state.settings.mass_change_limit)


def _working(request: HttpRequest, response: Response[bytes]) -> Response[bytes]:
    """The response, after which a worker looks for the job at once."""
    response.background = BackgroundTask(request.app.state.runner.wake)
    return response


@post(
    "/",
    status_code=202,
    request_max_body_size=MOST_BYTES,
    opt={"takes": {FILE: bytes}, "cost": 10},
    responses=stating(202, Intake),
)
async def upload_file(
    request: HttpRequest,
    work: WorkDep,
    once: IdempotencyDep,
    kind: KindParam,
    name: FileName,
    datum: DatumParam = None,
    whole_list_of: WholeList = None,
) -> Response[bytes]:
    """Bring a file, as the body; a job reads it and checks its rows. Nothing is stored as a record yet."""
    content = await request.body()
    answers = IntakeAnswers(datum=datum or UNSET, whole_list_of=whole_list_of or UNSET)

    async def perform() -> StoredResponse:
        plain = UNPRINTABLE.sub("_", name)
        identity = await receive(work, kind, plain, content, answers)
        return await _begin(request, work, _task(request, work, "check", identity))

    return _working(request, await once(perform, JSON))


@get("/", opt=ANY_EXERCISE)
async def list_intakes(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    cursor: params.Cursor = None,
    limit: params.Limit = 20,
) -> IntakeList:
    """Your files, the latest first; everybody's for an administrator."""
    page = await intakes.list_intakes(reader, sight, actor, decode_identity(cursor), limit)
    links = page_links(request, IdentityCursor, page.last, JSON)
    return IntakeList(page.intakes, links)


@get("/{identity:uuid}", responses=stating(200, Intake), opt=ANY_EXERCISE)
async def read_file(
    reader: ReaderDep, actor: ActorDep, sight: SightDep, identity: FromPath[UUID]
) -> Response[bytes]:
    """A file: its state and job, what was found, the open questions, and how many rows would do what."""
    intake = await read_intake(reader, sight, actor, identity)
    return send(rendered(intake, ETag=etag_of(intake.version, sight)), JSON)


@patch("/{identity:uuid}", status_code=202, responses=stating(202, Intake))
async def answer_questions(
    request: HttpRequest,
    identity: FromPath[UUID],
    data: JSONBody[IntakeAnswers],
    work: WorkDep,
    if_match: IfMatch = None,
) -> Response[bytes]:
    """Answer questions about a file: its encoding, sheet, header, columns, datum; it is checked again."""
    await answering.answer(work, identity, data, Edition(versions_in(if_match, work.sight)))
    return _working(request, send(await _begin(request, work, _task(request, work, "check", identity)), JSON))


@delete("/{identity:uuid}", status_code=204)
async def discard_file(work: WorkDep, identity: FromPath[UUID]) -> None:
    """Remove a file that was not stored, or was undone."""
    await answering.discard(work, identity)


@get("/{identity:uuid}/rows", opt=ANY_EXERCISE)
async def list_rows(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    identity: FromPath[UUID],
    action: ActionParam = None,
    severity: SeverityParam = None,
    code: CodeParam = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 100,
) -> IntakeRowList:
    """Rows of a file: cells, findings, and what each row would do. Filters change nothing."""
    conditions = {"action": action, "severity": severity, "code": code}
    page = await rows.list_rows(
        reader, sight, actor, identity, conditions, decode_number(cursor) or -1, limit
    )
    links = page_links(request, NumberCursor, page.last, JSON)
    return IntakeRowList(page.rows, links)


@patch("/{identity:uuid}/rows/{n:int}")
async def patch_row(
    identity: FromPath[UUID], n: FromPath[int], data: JSONBody[RowCorrection], work: WorkDep
) -> IntakeRow:
    """Correct cells of a row, or say that it is this record, a new one, left out, or to be retired."""
    return await correct_row(work, identity, n, data)


@patch("/{identity:uuid}/rows", status_code=202, responses=stating(202, Intake))
async def patch_rows(
    request: HttpRequest, identity: FromPath[UUID], data: JSONBody[RowsCorrection], work: WorkDep
) -> Response[bytes]:
    """Correct cells of many rows, or decide about them, at once; the file is checked again."""
    await correct_rows(work, identity, data)
    return _working(request, send(await _begin(request, work, _task(request, work, "check", identity)), JSON))


@post("/{identity:uuid}/decisions", status_code=202, responses=stating(202, Intake))
async def decide_rows(
    request: HttpRequest,
    identity: FromPath[UUID],
    data: JSONBody[RowsDecision],
    work: WorkDep,
    once: IdempotencyDep,
) -> Response[bytes]:
    """Decide all rows of an action with a finding of a code; the file is checked again."""

    async def perform() -> StoredResponse:
        await answering.decide_rows(work, identity, data)
        return await _begin(request, work, _task(request, work, "check", identity))

    return _working(request, await once(perform, JSON))


@post("/{identity:uuid}/commit", status_code=202, responses=stating(202, Intake))
async def commit_file(
    request: HttpRequest,
    identity: FromPath[UUID],
    data: JSONBody[CommitRequest],
    work: WorkDep,
    once: IdempotencyDep,
) -> Response[bytes]:
    """Store the checked rows as records, in one transaction: a job does it, and all or none is stored."""

    async def perform() -> StoredResponse:
        intake = await locked_intake(work.writer, work.sight, work.actor, identity)
        check_version(intake.version, Edition({data.version}))
        asked = {"policy": data.policy, "close": data.close, "strict": work.writer.strict}
        task = structs.replace(_task(request, work, "commit", identity), **asked)
        await demand_committable(work.writer, work.sight, intake, task)
        return await _begin(request, work, task)

    return _working(request, await once(perform, JSON))


@post("/{identity:uuid}/undo", status_code=202, responses=stating(202, Intake))
async def undo_file(
    request: HttpRequest,
    identity: FromPath[UUID],
    data: JSONBody[UndoRequest],
    work: WorkDep,
    once: IdempotencyDep,
) -> Response[bytes]:
    """Undo what was stored of a file; refused with the records that were edited since."""

    async def perform() -> StoredResponse:
        intake = await locked_intake(work.writer, work.sight, work.actor, identity)
        await demand_undoable(work.writer, work, intake, leave_edited=data.leave_edited)
        task = structs.replace(_task(request, work, "undo", identity), leave_edited=data.leave_edited)
        return await _begin(request, work, task)

    return _working(request, await once(perform, JSON))


router = Router(
    "/v1/intakes",
    route_handlers=[
        upload_file,
        list_intakes,
        read_file,
        answer_questions,
        discard_file,
        list_rows,
        patch_row,
        patch_rows,
        decide_rows,
        commit_file,
        undo_file,
    ],
    tags=["intake"],
    opt=OF_PRIMARY,
)

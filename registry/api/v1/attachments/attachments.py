"""Pictures over HTTP: send one, attach it to a record, an incident or another entry, read and detach it."""

from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from litestar import Response, Router, delete, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from registry.api.http.conditional import IfNoneMatch, matches
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep, WorkDep, writer
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import EXAMINED
from registry.domain.attachments.attachment import Attachment, AttachmentDraft, Subject
from registry.domain.attachments.picture import MOST_BYTES
from registry.domain.plans.entry import Register
from registry.services.attachments import read
from registry.services.attachments.attach import attach, detach
from registry.services.attachments.read import Size
from registry.services.attachments.receive import receive

JPEG = "image/jpeg"
BYTES_A_UNIT = 200_000
PICTURES_AT_ONCE = 2
"""Pictures that one worker has cleaned at the same time, each in a process of its own."""
SubjectDep = NamedDependency[Subject]
PRIVATE = {"Cache-Control": "private, no-cache", "Content-Disposition": "inline"}
PICTURE = {
    "cost": 4,
    "bytes_a_unit": BYTES_A_UNIT,
    "takes": dict.fromkeys((JPEG, "image/png", "image/webp"), bytes),
}


class Attachments(Struct, frozen=True):
    """Pictures of a record or entry."""

    attachments: list[Attachment]
    """Its pictures as far as the caller may see them, the first attached first."""


def of_resource(identity: FromPath[UUID]) -> Subject:
    """A resource."""
    return Subject(None, identity)


def of_incident(identity: FromPath[UUID]) -> Subject:
    """An incident, which is an entry of a register."""
    return Subject("incident", identity)


def of_entry(register: FromPath[Register], identity: FromPath[UUID]) -> Subject:
    """An entry of a register."""
    return Subject(register, identity)


@put("/{sha256:str}", status_code=204, request_max_body_size=MOST_BYTES, opt=PICTURE)
async def upload_picture(request: HttpRequest, sha256: FromPath[str], actor: ActorDep) -> None:
    """Send a picture under the sha256 of the file: JPEG, PNG or WebP, at most 4 MB; a retry changes nothing.

    It is encoded anew as JPEG without any metadata, upright, at most 2,560 pixels long. Within a week you may
    attach it; whoever you are, the answer is the same whether somebody sent this file before.
    """
    open_writer = partial(asynccontextmanager(writer), request, request.app.state)
    slots = request.app.state.picture_slots
    await receive(actor, sha256, await request.body(), open_writer, slots)


@get("/")
async def list_attachments(subject: SubjectDep, reader: ReaderDep, sight: SightDep) -> Attachments:
    """The pictures attached, as far as you may see them; none of an internal record is public."""
    return Attachments(await read.list_attachments(reader, sight, subject))


@put("/{sha256:str}", opt=EXAMINED)
async def attach_picture(
    subject: SubjectDep, sha256: FromPath[str], data: JSONBody[AttachmentDraft], work: WorkDep
) -> Attachment:
    """Attach a picture that you sent, or say something else of one that is attached."""
    return await attach(work, subject, sha256, data)


@delete("/{sha256:str}", status_code=204)
async def detach_picture(subject: SubjectDep, sha256: FromPath[str], work: WorkDep) -> None:
    """Detach a picture; nothing of it is kept with the record."""
    await detach(work, subject, sha256)


@get("/{sha256:str}", media_type=JPEG)
async def read_picture(
    subject: SubjectDep,
    sha256: FromPath[str],
    reader: ReaderDep,
    sight: SightDep,
    if_none_match: IfNoneMatch = None,
) -> Response[bytes]:
    """A picture that is attached here, as JPEG."""
    return await _picture(reader, sight, subject, sha256, "full", if_none_match)


@get("/{sha256:str}/thumbnail", media_type=JPEG)
async def read_thumbnail(
    subject: SubjectDep,
    sha256: FromPath[str],
    reader: ReaderDep,
    sight: SightDep,
    if_none_match: IfNoneMatch = None,
) -> Response[bytes]:
    """A picture that is attached here, at most 320 pixels long."""
    return await _picture(reader, sight, subject, sha256, "small", if_none_match)


async def _picture(
    reader: ReaderDep, sight: SightDep, subject: Subject, sha256: str, size: Size, if_none_match: str | None
) -> Response[bytes]:
    found = await read.find_picture(reader, sight, subject, sha256)
    etag = f'"{found.kept_sha256[:32]}-{size}"'
    headers = PRIVATE | {"ETag": etag}
    if if_none_match is not None and matches(if_none_match, etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(await read.read_picture(reader, found, size), headers=headers, media_type=JPEG)


def _of(path: str, noun: str, subject: Provide) -> Router:
    """The routes of what is attached to one sort of subject."""
    return Router(
        f"{path}/attachments",
        route_handlers=[list_attachments, attach_picture, detach_picture, read_picture, read_thumbnail],
        dependencies={"subject": subject},
        opt={"of": noun},
        tags=["attachments"],
    )


uploads = Router("/v1/attachments", route_handlers=[upload_picture], tags=["attachments"])
routers = (
    uploads,
    _of("/v1/resources/{identity:uuid}", "resource", Provide(of_resource, sync_to_thread=False)),
    _of("/v1/incidents/{identity:uuid}", "incident", Provide(of_incident, sync_to_thread=False)),
    _of("/v1/registers/{register:str}/{identity:uuid}", "entry", Provide(of_entry, sync_to_thread=False)),
)

"""What leaves for offices over HTTP: workbooks, reports, and an office's own file with its results."""

import asyncio
from typing import Annotated, Literal, cast
from urllib.parse import quote
from uuid import UUID

from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter

from registry.api.http.access.realm_check import ANY_EXERCISE
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep
from registry.api.http.links import JSON
from registry.api.http.request import HttpRequest
from registry.domain.conditions import Filter
from registry.domain.intake.files.drill import file_name
from registry.domain.intake.lists.list_kind import LIST_KINDS, FileKind, list_label
from registry.domain.intake.out.report import KindReport
from registry.domain.intake.out.workbook import KIND_NAMES
from registry.domain.records.resource import Kind
from registry.services.intake.out.make_workbook import make_list_workbook, make_workbook
from registry.services.intake.out.own_file import own_file
from registry.services.intake.out.render_report import ReportForm, ReportLang, render_report, title_of
from registry.services.intake.out.report_kind import report_kind

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA: dict[ReportForm, str] = {"xlsx": XLSX, "docx": DOCX, "html": "text/html; charset=utf-8"}
EXPORT_COST = 100

KindName = Annotated[Kind, QueryParameter(name="kind", description="The kind of the records.")]
OfPlace = Annotated[
    str, QueryParameter(name="place", max_length=64, description="The place, with all under it.")
]
Form = Annotated[
    Literal["json", "xlsx", "docx", "html"],
    QueryParameter(name="f", description="Figures, a workbook, a document, or a page to print."),
]
Language = Annotated[ReportLang, QueryParameter(name="lang", description="Language of headings and words.")]
FilledIn = Annotated[
    bool,
    QueryParameter(
        name="filled", description="Whether blank cells of known records hold what the registry knows."
    ),
]
FilledPlace = Annotated[
    str | None,
    QueryParameter(
        name="place", max_length=64, description="With the records of this place; empty without it."
    ),
]


def _attachment(content: bytes, name: str, media: str, exercise: str | None) -> Response[bytes]:
    """A file to keep; its name says when it is of an exercise."""
    named = quote(file_name(name, exercise))
    plain = name.encode("ascii", "ignore").decode().lstrip("-.") or "file"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{named}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Response(content, media_type=media, headers=headers)


@get(
    "/templates/{kind:str}",
    media_type=XLSX,
    opt={"cost": EXPORT_COST} | ANY_EXERCISE,
    responses={200: ResponseSpec(bytes, generate_examples=False, media_type=XLSX)},
)
async def read_template(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    kind: FromPath[FileKind],
    place: FilledPlace = None,
) -> Response[bytes]:
    """The workbook of a kind to fill in, or with the records of a place: brought back, nothing changes.

    Of zones and coded values, which belong to no place, any place gives all.
    """
    request.scope["state"]["export"] = True
    if kind in LIST_KINDS:
        content = await make_list_workbook(reader, sight, actor, kind, place=place, empty=place is None)
        return _attachment(content, f"{list_label(kind)}-{place or '模板'}.xlsx", XLSX, sight.exercise)
    kind = cast("Kind", kind)
    wanted = None if place is None else Filter(kind=kind, place=place)
    content = await make_workbook(reader, sight, actor, kind, wanted)
    name = f"{KIND_NAMES[kind]}-{place or '模板'}.xlsx"
    return _attachment(content, name, XLSX, sight.exercise)


@get(
    "/reports/kind",
    responses={200: ResponseSpec(KindReport, generate_examples=False)},
)
async def read_report(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    kind: KindName,
    place: OfPlace,
    f: Form = "json",
    lang: Language = "zh",
) -> Response[bytes] | Response[KindReport]:
    """Figures of a kind for each town of a place; what nobody stated is not filled in, and never 0."""
    report = await report_kind(reader, sight, actor, kind, place)
    if f == "json":
        return Response(report, media_type=JSON)
    request.scope["state"]["export"] = True
    content = await asyncio.to_thread(render_report, report, f, lang)
    if f == "html":
        return Response(content, media_type=MEDIA[f], headers={"Cache-Control": "no-store"})
    return _attachment(content, f"{title_of(report, lang)}.{f}", MEDIA[f], sight.exercise)


@get(
    "/intakes/{identity:uuid}/file",
    media_type=XLSX,
    opt=ANY_EXERCISE | {"cost": EXPORT_COST},
    responses={200: ResponseSpec(bytes, generate_examples=False, media_type=XLSX)},
)
async def read_own_file(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    sight: SightDep,
    identity: FromPath[UUID],
    filled: FilledIn = False,
) -> Response[bytes]:
    """The rows of a file as they came, each with what became of it and what is wrong with it."""
    request.scope["state"]["export"] = filled
    name, content = await own_file(reader, sight, actor, identity, filled_in=filled)
    return _attachment(content, name, XLSX, sight.exercise)


router = Router("/v1", route_handlers=[read_template, read_report, read_own_file], tags=["intake"])

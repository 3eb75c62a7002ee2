"""Routes of vocabularies: coded values with their labels."""

from typing import Annotated

from litestar import Response, Router, get, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, ReaderDep, WriterDep
from registry.api.http.links import page_of
from registry.api.http.localized_response import localized
from registry.api.http.request import HttpRequest
from registry.api.v1.records.writes import EXAMINED
from registry.domain.places.vocabulary import VocabularyCode
from registry.domain.values import Code, Name, ShortText
from registry.services.places import vocabularies

SchemeParam = Annotated[
    str | None, QueryParameter(name="scheme", max_length=64, description="Codes of this scheme.")
]
SubjectParam = Annotated[
    str | None,
    QueryParameter(name="subject", max_length=64, description="Codes of this subject, such as hazard."),
]


class VocabularyLabel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a code means: its subject, labels and source."""

    subject: Code
    """What the code is for."""
    label: Name
    source: ShortText | None = None
    """Where the list was published."""


class VocabularyCodes(Struct, frozen=True):
    """Codes."""

    codes: list[VocabularyCode]
    links: list[dict[str, str]]


@get("/")
async def list_codes(
    request: HttpRequest,
    reader: ReaderDep,
    scheme: SchemeParam = None,
    subject: SubjectParam = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 10_000,
) -> Response[VocabularyCodes]:
    """Coded values by scheme, subject and code, in pages."""
    listed = await vocabularies.list_codes(reader, scheme, subject)
    page = page_of(request, listed, lambda one: f"{one.scheme}:{one.subject}:{one.code}", cursor, limit)
    return localized(request, VocabularyCodes(*page))


@put("/{scheme:str}/{code:str}", opt=EXAMINED)
async def put_code(
    request: HttpRequest,
    scheme: FromPath[Code],
    code: FromPath[Code],
    data: JSONBody[VocabularyLabel],
    writer: WriterDep,
    actor: ActorDep,
) -> Response[VocabularyCode]:
    """Record a code of a scheme, or replace its labels: the lists of plan documents are open."""
    value = VocabularyCode(
        scheme=scheme, code=code, subject=data.subject, label=data.label, source=data.source
    )
    return localized(request, await vocabularies.put_code(writer, actor, value))


router = Router("/v1/vocabularies", route_handlers=[list_codes, put_code], tags=["places"])

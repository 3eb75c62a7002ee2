"""What a collection of records says of the set that a request asks for."""

from typing import Any

from msgspec import structs

from registry.api.http.known_codes import known_filter
from registry.api.http.request import HttpRequest
from registry.api.ogc.query_params import set_question
from registry.domain.access.sight import Sight
from registry.domain.ogc.catalogue import Collection
from registry.services.ogc.describe_set import describe_set
from registry.store.database.pool import Reader


async def said_of_set(
    reader: Reader, sight: Sight, described: Collection, request: HttpRequest, moment: str | None = None
) -> dict[str, Any]:
    """`completeness`, `undecided` and `excluded` of what a request asks of a collection of records."""
    question = set_question(request.query_params, described)
    if question is None:
        return {}
    asked = await known_filter(request, question.filter)
    unlocated = question.unlocated and await known_filter(request, question.unlocated)
    question = structs.replace(question, filter=asked, unlocated=unlocated)
    said = await describe_set(reader, sight, question, moment)
    return {name: getattr(said, name) for name in said.__struct_fields__}

"""Refuse codes and places that nobody knows, in every query and every body that asks something.

A misspelt code would otherwise answer "none". A place is accepted in each form of its code.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from litestar.types import Empty
from litestar.utils.scope.state import ScopeState
from msgspec import structs

from registry.api.http.request import HttpRequest
from registry.domain.errors import Refused, UnknownCode
from registry.domain.intake.finding import Finding, refusals
from registry.domain.intake.members import examine_members, marked
from registry.domain.intake.reference import Reference
from registry.domain.ogc.cql import CqlFilter
from registry.domain.values import CodeOf
from registry.services.clock import now
from registry.services.intake.reference import LatestReference

PLACE = CodeOf(("place",))
SPECIALTY, HAZARD, AMENITY = CodeOf(("specialty",)), CodeOf(("hazard",)), CodeOf(("amenity",))
PARAMETERS: dict[str, CodeOf] = {
    **dict.fromkeys(("place", "near_place", "under", "parent"), PLACE),
    **dict.fromkeys(("specialties_any", "specialties_all", "specialties"), SPECIALTY),
    **dict.fromkeys(("hazards_any", "hazards_all", "hazards", "hazard"), HAZARD),
    "amenities": AMENITY,
    "topic": CodeOf(("topic", "hazard", "specialty")),
    "about": CodeOf(("hazard", "topic", "specialty")),
    "item": CodeOf(("item", "supply_class")),
}
"""What the values of a query parameter of this name are codes of, on every route."""
Pairs = list[tuple[str, str]]
Found = TypeVar("Found")


async def check(request: HttpRequest) -> None:
    """Refuse a request with an unknown code; rewrite its places to the codes of their list.

    The reference data is read again before anything is refused, or taken for a code that is spelled another
    way, since another worker may have added to it.
    """
    pairs = _coded(request.scope["query_string"])
    kind, body = _body(request)
    if not pairs and body is None:
        return
    await _by_latest(request, lambda known: (None, _check(request, known, pairs, kind, body)))


async def _by_latest(request: HttpRequest, examine: Callable[[Reference], tuple[Found, bool]]) -> Found:
    """What is found by the reference data, which is read again unless it holds every code as it is spelled.

    `examine` tells what it found, and whether every code was spelled as its list spells it.
    """
    latest: LatestReference = request.app.state.reference
    known = latest.value if latest.is_loaded else await latest.refresh()
    try:
        found, is_plain = examine(known)
    except (UnknownCode, Refused):
        if (newer := await latest.refresh()) is known:
            raise
        return examine(newer)[0]
    if is_plain or (newer := await latest.refresh()) is known:
        return found
    return examine(newer)[0]


async def known_filter(request: HttpRequest, where: CqlFilter) -> CqlFilter:
    """The filter of a collection with its places in the form of their list.

    UnknownCode, with the nearest, for a code that nobody knows.
    """
    if not where.coded:
        return where
    return await _by_latest(request, lambda known: _known_filter(where, known))


def _known_filter(where: CqlFilter, known: Reference) -> tuple[CqlFilter, bool]:
    values = list(where.values)
    for coded in where.coded:
        value, marks = values[coded.index], CodeOf(coded.subjects)
        codes = [_known("filter", code, marks, known) for code in _listed(value)]
        values[coded.index] = codes if isinstance(value, list) else codes[0]
    return structs.replace(where, values=tuple(values)), tuple(values) == where.values


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _check(request: HttpRequest, known: Reference, pairs: Pairs, kind: Any, body: Any) -> bool:
    """Check and rewrite the codes; whether all were spelled as their list spells them."""
    is_plain = True
    if pairs:
        checked = [_checked(name, value, known) for name, value in pairs]
        request._parsed_query, is_plain = tuple(checked), checked == pairs
    if body is not None:
        value, findings = examine_members(body, known, now(), kind=kind, folds=False)
        if refused := refusals(findings):
            raise Refused(refused)
        ScopeState.from_scope(request.scope).json = value
        is_plain = is_plain and value == body
    return is_plain


def _coded(query: bytes) -> Pairs:
    """The parameters of a query, where one of them is a code."""
    if not query:
        return []
    pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True)
    return pairs if any(name in PARAMETERS for name, _ in pairs) else []


def _body(request: HttpRequest) -> tuple[Any, Any]:
    """The decoded body of a question, and its type; the gate looks at all others."""
    handler = request.route_handler
    field = handler.parsed_data_field
    if field is None or "examined" in handler.opt or not marked(field.annotation):
        return None, None
    body = ScopeState.from_scope(request.scope).json
    return field.annotation, None if body is Empty else body


def _checked(name: str, value: str, known: Reference) -> tuple[str, str]:
    coded = PARAMETERS.get(name)
    if coded is None or not value:
        return name, value
    codes = value.split(",") if "," in value else [value]
    return name, ",".join(_known(name, code, coded, known) for code in codes)


def _known(name: str, code: str, coded: CodeOf, known: Reference) -> str:
    kind: Any = Annotated[str, coded]
    accepted, findings = examine_members(code, known, now(), kind=kind, folds=False)
    _refuse(name, refusals(findings))
    return accepted


def _refuse(name: str, refused: Iterable[Finding]) -> None:
    for one in refused:
        raise UnknownCode(one.message.en, field=name, proposal=one.proposal, zh=one.message.zh)

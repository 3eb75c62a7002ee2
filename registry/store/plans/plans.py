"""SQL of documents and provisions: get, find, put."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from registry.domain.errors import NotFound
from registry.domain.plans.document import Document, order_of
from registry.domain.plans.provision import Provision
from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query, statement
from registry.store.schema.plans import document, provision
from registry.store.schema.records import place_within

_BODY = sa.bindparam("body", type_=JSONB)
_PUT_DOCUMENT = insert(document).values(
    id=sa.bindparam("id", type_=sa.Text),
    place=sa.bindparam("place", type_=sa.Text),
    issued_on=sa.bindparam("issued_on", type_=sa.Date),
    body=_BODY,
)
PUT_DOCUMENT = Query(
    _PUT_DOCUMENT.on_conflict_do_update(
        index_elements=["id"],
        set_={name: _PUT_DOCUMENT.excluded[name] for name in ("place", "issued_on", "body")},
    )
)
_PLAIN = ("id", "document", "kind", "subject", "place", "file", "line")
_PUT_PROVISION = insert(provision).values(
    {name: sa.bindparam(name, type_=provision.c[name].type) for name in _PLAIN} | {"body": _BODY}
)
PUT_PROVISION = Query(
    _PUT_PROVISION.on_conflict_do_update(
        index_elements=["id"],
        set_={name: _PUT_PROVISION.excluded[name] for name in (*_PLAIN[1:], "body")},
    )
)
DOCUMENTS = Query(sa.select(document.c.body).order_by(document.c.issued_on, document.c.id))
DOCUMENT = Query(sa.select(document.c.body).where(document.c.id == sa.bindparam("id")))
PROVISION = Query(sa.select(provision.c.body).where(provision.c.id == sa.bindparam("id")))


@statement
def _find(present: frozenset[str]) -> Query:
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == sa.bindparam("place"))
    clauses = {
        "document": provision.c.document == sa.bindparam("document"),
        "kind": provision.c.kind == sa.bindparam("kind"),
        "subject": provision.c.subject == sa.bindparam("subject"),
        "place": provision.c.place == sa.any_(sa.func.array(under.scalar_subquery())),
    }
    where = [clauses[name] for name in sorted(present)]
    order = (provision.c.document, provision.c.file, provision.c.line, provision.c.id)
    return Query(sa.select(provision.c.body).where(*where).order_by(*order))


async def documents(reader: Reader) -> list[Document]:
    """Every document, oldest first."""
    return [msgspec.convert(row["body"], Document) for row in await reader.rows(DOCUMENTS, {})]


async def get_document(reader: Reader, identity: str) -> Document:
    """One document; NotFound when there is none."""
    row = await reader.row(DOCUMENT, {"id": identity})
    if row is None:
        raise NotFound("document", identity)
    return msgspec.convert(row["body"], Document)


async def get_provision(reader: Reader, identity: str) -> Provision:
    """One provision; NotFound when there is none."""
    row = await reader.row(PROVISION, {"id": identity})
    if row is None:
        raise NotFound("provision", identity)
    return msgspec.convert(row["body"], Provision)


async def find_provisions(reader: Reader, **conditions: str | None) -> list[Provision]:
    """Provisions by document, kind, subject and place (with all under it), in printed order."""
    values = {name: value for name, value in conditions.items() if value is not None}
    rows = await reader.rows(_find(frozenset(values)), values)
    return [msgspec.convert(row["body"], Provision) for row in rows]


async def put_documents(writer: Writer, items: Sequence[Document]) -> None:
    """Insert or replace documents."""
    rows = [
        {"id": item.id, "place": item.place, "issued_on": item.issued_on, "body": msgspec.to_builtins(item)}
        for item in items
    ]
    await writer.run_many(PUT_DOCUMENT, rows)


async def put_provisions(writer: Writer, items: Sequence[Provision]) -> None:
    """Insert or replace provisions, which the caller has checked against their documents."""
    await writer.run_many(PUT_PROVISION, [_row(item) for item in items])


def _row(item: Provision) -> dict[str, object]:
    file, line = order_of(item.locator)
    return {
        "id": item.id,
        "document": item.document,
        "kind": item.kind,
        "subject": item.subject.kind or item.subject.register,
        "place": item.place,
        "file": file,
        "line": line,
        "body": msgspec.to_builtins(item),
    }

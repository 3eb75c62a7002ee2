"""SQL of what pictures are attached to, as a sight may see it: never more than the record, then or now."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from registry.domain.access.sight import Sight
from registry.domain.attachments.attachment import Subject
from registry.store.as_of import INSTANT, stricter
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.plans.entries import recorded, visible
from registry.store.schema.attachments import attachment, attachment_link
from registry.store.visibility import Shape, binds, realm, shape, view

_SAID = ("role", "caption", "taken_at", "attached_at", "attached_by")
_OF_PICTURE = ("kept_sha256", "size_bytes", "width_px", "height_px")
_KEY = ("realm", "about", "subject", "sha256")
_WRITTEN = [*_KEY, *_SAID, "visibility"]


def _attached(form: Shape, about: str, table: Any, where: list[Any], one: bool) -> Query:
    """Pictures of the subject in rows of `table`, which has its visibility and place, then and now."""
    at_same = (attachment_link.c.realm == table.c.realm, attachment_link.c.subject == table.c.id)
    place_now = table.c.place_now if "place_now" in table.c else table.c.place
    columns: list[Any] = [attachment_link.c[name] for name in ("sha256", *_SAID)]
    columns += [attachment.c[name] for name in _OF_PICTURE]
    columns.append(stricter(attachment_link.c.visibility, table.c.visibility).label("visibility"))
    columns += [table.c.place.label("place"), place_now.label("place_now")]
    same_picture = attachment.c.sha256 == attachment_link.c.sha256
    rows = (
        sa.select(*columns)
        .select_from(table.join(attachment_link, sa.and_(*at_same)).join(attachment, same_picture))
        .where(
            *where,
            attachment_link.c.about == sa.literal_column(f"'{about}'"),
            table.c.id == sa.bindparam("id", type_=sa.Uuid),
            *([attachment_link.c.sha256 == sa.bindparam("sha256", type_=sa.LargeBinary)] if one else ()),
            *([attachment_link.c.attached_at <= INSTANT] if form.past else ()),
        )
        .subquery("attached")
    )
    shown = [rows.c[name] for name in ("sha256", "visibility", *_SAID, *_OF_PICTURE)]
    return Query(sa.select(*shown).where(visible(form, rows)).order_by(rows.c.attached_at, rows.c.sha256))


@statement
def _of_resource(form: Shape, one: bool) -> Query:
    seen = view(form)
    return _attached(form, "resource", seen.table, [seen.seen], one)


@statement
def _of_entry(form: Shape, one: bool) -> Query:
    table = recorded(form.past)
    return _attached(form, "entry", table, [visible(form, table)], one)


_PUT = insert(attachment_link).values(
    {name: sa.bindparam(name, type_=attachment_link.c[name].type) for name in _WRITTEN}
)
PUT = Query(
    _PUT.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: _PUT.excluded[name] for name in _WRITTEN if name not in _KEY},
    )
)
_OWN = [attachment_link.c[name] == sa.bindparam(name, type_=attachment_link.c[name].type) for name in _KEY]
HOLDS = Query(sa.select(attachment_link.c.sha256).where(*_OWN))
REMOVE = Query(sa.delete(attachment_link).where(*_OWN))


async def find(reader: Reader, sight: Sight, subject: Subject, sha256: bytes | None = None) -> list[Row]:
    """The pictures of a record or entry that this sight sees, the first attached first; or the one named."""
    made = _of_resource if subject.register is None else _of_entry
    values = binds(sight) | {"id": subject.identity}
    values |= {} if sha256 is None else {"sha256": sha256}
    return await reader.rows(made(shape(sight), sha256 is not None), values)


def _key(sight: Sight, subject: Subject, sha256: bytes) -> dict[str, str | UUID | bytes]:
    return {
        "realm": realm(sight),
        "about": subject.about,
        "subject": subject.identity,
        "sha256": sha256,
    }


async def holds(reader: Reader, sight: Sight, subject: Subject, sha256: bytes) -> bool:
    """Whether a picture is attached, whoever may see it."""
    return await reader.row(HOLDS, _key(sight, subject, sha256)) is not None


async def put(writer: Writer, sight: Sight, subject: Subject, sha256: bytes, values: dict[str, Any]) -> None:
    """Attach a picture, or say something else of one that is attached."""
    await writer.run(PUT, values | _key(sight, subject, sha256))


async def remove(writer: Writer, sight: Sight, subject: Subject, sha256: bytes) -> None:
    """Detach a picture."""
    await writer.run(REMOVE, _key(sight, subject, sha256))

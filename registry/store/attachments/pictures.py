"""SQL of pictures: keep one, who brought it, its bytes, forget what nobody needs."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.attachments import attachment, attachment_link, attachment_upload

_SHA256 = sa.bindparam("sha256", type_=sa.LargeBinary)
_ACTOR = sa.bindparam("actor", type_=sa.Text)
_SINCE = sa.bindparam("since", type_=sa.TIMESTAMP(timezone=True))


def _insert(table: sa.Table) -> Any:
    named = [column for column in table.columns if column.server_default is None]
    return insert(table).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in named}
    )


KEEP = Query(_insert(attachment).on_conflict_do_nothing())
BRING = Query(
    _insert(attachment_upload).on_conflict_do_update(
        index_elements=["sha256", "actor"], set_={"uploaded_at": sa.func.now()}
    )
)
BROUGHT_BYTES = Query(
    sa.select(sa.func.coalesce(sa.func.sum(attachment_upload.c.size_bytes), 0).label("bytes")).where(
        attachment_upload.c.actor == _ACTOR,
        attachment_upload.c.uploaded_at > _SINCE,
        attachment_upload.c.sha256 != _SHA256,
    )
)
BROUGHT = Query(
    sa.select(attachment_upload.c.sha256)
    .where(attachment_upload.c.actor == _ACTOR, attachment_upload.c.sha256 == _SHA256)
    .with_for_update(key_share=True, read=True)
)
BYTES = Query(sa.select(attachment.c.content, attachment.c.thumbnail).where(attachment.c.sha256 == _SHA256))
FORGET_UPLOADS = Query(sa.delete(attachment_upload).where(attachment_upload.c.uploaded_at < _SINCE))
FORGET = Query(
    sa.delete(attachment).where(
        attachment.c.stored_at < _SINCE,
        ~sa.exists().where(attachment_upload.c.sha256 == attachment.c.sha256),
        ~sa.exists().where(attachment_link.c.sha256 == attachment.c.sha256),
    )
)
DIGESTS = Query(
    sa.text(
        "SELECT encode(sha256, 'hex') AS sha256 FROM attachment"
        " WHERE sha256(content) <> kept_sha256 OR octet_length(content) <> size_bytes ORDER BY 1"
    )
)


async def keep(writer: Writer, values: dict[str, Any]) -> None:
    """Store a picture; one whose file was sent before stays as it is."""
    await writer.run(KEEP, values)


async def bring(writer: Writer, actor: str, sha256: bytes, size_bytes: int) -> None:
    """Note that somebody brought the file of a picture now."""
    await writer.run(BRING, {"actor": actor, "sha256": sha256, "size_bytes": size_bytes})


async def brought_bytes(reader: Reader, actor: str, since: datetime, sha256: bytes) -> int:
    """The bytes of the files that somebody brought since an instant, beside this one."""
    row = await reader.row(BROUGHT_BYTES, {"actor": actor, "since": since, "sha256": sha256})
    return int(row["bytes"]) if row is not None else 0


async def is_brought(writer: Writer, actor: str, sha256: bytes) -> bool:
    """Whether somebody brought the file of late; it is not forgotten before the transaction ends."""
    return await writer.row(BROUGHT, {"actor": actor, "sha256": sha256}) is not None


async def read(reader: Reader, sha256: bytes) -> Row | None:
    """The bytes of a picture and of the small one."""
    return await reader.row(BYTES, {"sha256": sha256})


async def forget(writer: Writer, before: datetime) -> None:
    """Delete uploads of before an instant, and pictures of before that nothing and nobody holds any more."""
    await writer.run(FORGET_UPLOADS, {"since": before})
    await writer.run(FORGET, {"since": before})


async def damaged(reader: Reader) -> list[str]:
    """The digests of the pictures whose bytes are not those that were stored."""
    return [row["sha256"] for row in await reader.rows(DIGESTS, {})]

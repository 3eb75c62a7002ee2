"""SQL of vocabularies: coded values with their labels."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.records import vocabulary

_KEY = ("scheme", "subject", "code")
_LABELS = ("label_zh", "label_en", "source")
_INSERT = insert(vocabulary).values(
    {column.name: sa.bindparam(column.name, type_=column.type) for column in vocabulary.columns}
)
UPSERT = Query(
    _INSERT.on_conflict_do_update(
        index_elements=list(_KEY), set_={name: _INSERT.excluded[name] for name in _LABELS}
    )
)
FIND = Query(sa.select(*vocabulary.columns).order_by(*(vocabulary.c[name] for name in _KEY)))

REMOVE = Query(sa.delete(vocabulary).where(*(vocabulary.c[name] == sa.bindparam(name) for name in _KEY)))


async def upsert(writer: Writer, values: Sequence[dict[str, Any]]) -> None:
    """Insert or replace coded values: scheme, subject, code, label_zh, label_en and source."""
    await writer.run_many(UPSERT, values)


async def find(reader: Reader) -> list[Row]:
    """Every coded value by scheme, subject and code."""
    return await reader.rows(FIND, {})


async def remove(writer: Writer, scheme: str, subject: str, code: str) -> None:
    """Remove a coded value; records that have it keep it."""
    await writer.run(REMOVE, {"scheme": scheme, "subject": subject, "code": code})

"""SQL of the reference data that the gate compares with: its version, the places and the vocabularies."""

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.domain.intake.territory import KnownPlace
from registry.domain.intake.vocabulary import KnownCode
from registry.domain.values import Name
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query
from registry.store.schema.intake import reference_version
from registry.store.schema.records import place, vocabulary

VERSION_COLUMNS = (
    reference_version.c.registry,
    sa.func.current_database(type_=sa.Text).label("database"),
    reference_version.c.n,
    sa.literal_column("reference_version.xmin::text", sa.Text).label("changed_by"),
)
"""`changed_by` tells a change from one of the same number that was rolled back."""
VERSION = Query(sa.select(*VERSION_COLUMNS))
PLACES = Query(
    sa.select(
        place.c.code,
        place.c.level,
        place.c.parent,
        place.c.name_zh,
        place.c.name_en,
        place.c.extent_basis,
        place.c.extent_from,
        place.c.valid_to,
        sa.func.ST_AsBinary(place.c.extent, type_=sa.LargeBinary).label("extent"),
    ).order_by(place.c.code)
)
CODES = Query(
    sa.select(
        vocabulary.c.scheme,
        vocabulary.c.subject,
        vocabulary.c.code,
        vocabulary.c.label_zh,
        vocabulary.c.label_en,
    )
)


class ReferenceVersion(NamedTuple):
    """Which state of the reference data of which database."""

    registry: UUID
    database: str
    n: int
    changed_by: str


def version_of(row: Row) -> ReferenceVersion:
    """The version in a row that has its columns."""
    return ReferenceVersion(*(row[name] for name in ReferenceVersion._fields))


async def version(reader: Reader) -> ReferenceVersion:
    """The version of the stored reference data."""
    row = await reader.row(VERSION, {})
    assert row is not None
    return version_of(row)


async def places(reader: Reader) -> list[KnownPlace]:
    """Every place with its extent."""
    return [
        KnownPlace(
            code=row["code"],
            level=row["level"],
            name=Name(row["name_zh"], row["name_en"]),
            parent=row["parent"],
            basis=row["extent_basis"],
            bounded_by=row["extent_from"],
            ended_on=row["valid_to"],
            extent=row["extent"],
        )
        for row in await reader.rows(PLACES, {})
    ]


async def codes(reader: Reader) -> list[KnownCode]:
    """Every code of the vocabulary."""
    return [
        KnownCode(
            scheme=row["scheme"],
            subject=row["subject"],
            code=row["code"],
            label=Name(row["label_zh"], row["label_en"]) if row["label_zh"] or row["label_en"] else None,
        )
        for row in await reader.rows(CODES, {})
    ]

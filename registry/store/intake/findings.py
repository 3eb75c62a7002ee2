"""SQL of findings, and the one statement that says what a record is compared with."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.intake.doubles import cell_window
from registry.domain.intake.reference import KnownRecord
from registry.domain.values import Name
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.intake.reference import VERSION_COLUMNS, ReferenceVersion, version_of
from registry.store.schema.intake import finding, reference_version
from registry.store.schema.plans import rule, zone
from registry.store.schema.records import place, place_within
from registry.store.visibility import Shape, View, binds, realm, shape, view
from registry.store.windows import holds

MOST_NEAR = 300
SIDES = ("near_w", "near_s", "near_e", "near_n")
_OF = (finding.c.realm == sa.bindparam("subject_realm"), finding.c.subject == sa.bindparam("subject"))


class Surroundings(NamedTuple):
    """What a record is compared with, and the findings that are stored of it."""

    version: ReferenceVersion
    near: tuple[KnownRecord, ...]
    findings: list[dict[str, Any]]


def _rows(rows: Any) -> Any:
    listed = rows.subquery()
    as_json = sa.func.coalesce(sa.func.json_agg(listed.table_valued()), sa.literal_column("'[]'::json"))
    return sa.select(sa.type_coerce(as_json, sa.JSON)).select_from(listed).scalar_subquery()


@statement
def _surroundings(form: Shape, located: bool) -> Query:
    """The records of a kind near a point, or those without a point in a place; and stored findings."""
    seen = view(form)
    columns = seen.c
    near = sa.select(
        columns.id,
        columns.name_zh,
        columns.name_en,
        columns.place,
        sa.func.ST_X(seen.geom).label("lon"),
        sa.func.ST_Y(seen.geom).label("lat"),
    ).where(
        seen.seen,
        columns.kind == sa.bindparam("kind"),
        columns.id != sa.bindparam("subject", type_=sa.Uuid),
        columns.lifecycle != sa.literal_column("'retired'"),
    )
    if located:
        near = near.where(holds(seen.spot, *(sa.bindparam(side, type_=sa.Float) for side in SIDES)))
    else:
        codes = sa.any_(sa.bindparam("places", type_=sa.ARRAY(sa.Text)))
        near = near.where(columns.place == codes, seen.geom.is_(None))
    stored = sa.select(finding.c.id, finding.c.severity, finding.c.settled_at, finding.c.body).where(*_OF)
    return Query(
        sa.select(
            *VERSION_COLUMNS, _rows(near.limit(MOST_NEAR)).label("near"), _rows(stored).label("findings")
        ).select_from(reference_version)
    )


async def surroundings(
    reader: Reader,
    sight: Sight,
    subject: UUID,
    kind: str,
    at: tuple[float, float] | None,
    places: Sequence[str],
) -> Surroundings:
    """What a record is compared with: near its point, or without one in a place by any form of its code."""
    window = dict(zip(SIDES, cell_window(*at), strict=True)) if at is not None else {"places": list(places)}
    values = {"subject": subject, "kind": kind, "subject_realm": realm(sight)} | window
    row = await reader.row(_surroundings(shape(sight), at is not None), binds(sight) | values)
    assert row is not None
    return Surroundings(version_of(row), tuple(_known(near) for near in row["near"]), row["findings"])


def _known(row: Mapping[str, Any]) -> KnownRecord:
    name = Name(row["name_zh"], row["name_en"])
    return KnownRecord(id=UUID(row["id"]), name=name, place=row["place"], lon=row["lon"], lat=row["lat"])


_INSERTED = ("id", "realm", "subject", "about", "of_code", "severity", "code", "body", "found_at", "actor")
INSERT = Query(
    sa.insert(finding).values({name: sa.bindparam(name, type_=finding.c[name].type) for name in _INSERTED})
)
REMOVE = Query(
    sa.delete(finding).where(finding.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))))
)
REMOVE_OPEN = Query(
    sa.delete(finding).where(
        finding.c.realm == sa.bindparam("realm"),
        finding.c.settled_at.is_(None),
        finding.c.severity == sa.literal_column("'warn'"),
        finding.c.code == sa.bindparam("code", type_=sa.Text),
        finding.c.body.op("->>")(sa.literal_column("'value'")) == sa.bindparam("value", type_=sa.Text),
    )
)
OF_RECORDS = Query(
    sa.select(finding).where(
        finding.c.realm == sa.bindparam("realm"),
        finding.c.subject == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))),
    )
)
LOCK = Query(
    sa.select(finding)
    .where(finding.c.realm == sa.bindparam("realm"), finding.c.id == sa.bindparam("id"))
    .with_for_update()
)
SETTLE = Query(
    sa.update(finding)
    .where(finding.c.id == sa.bindparam("of"))
    .values(
        settled_at=sa.bindparam("settled_at", type_=finding.c.settled_at.type),
        settled_by=sa.bindparam("settled_by", type_=sa.Text),
        reason=sa.bindparam("reason", type_=sa.Text),
    )
)


def _shared_name(tongue: str, seen: View) -> Any:
    own = tuple(table.c.body.op("#>>")(sa.literal_column(f"'{{name,{tongue}}}'")) for table in (zone, rule))
    return sa.func.coalesce(seen.c[f"name_{tongue}"], place.c[f"name_{tongue}"], *own, type_=sa.Text)


@statement
def _open(form: Shape, conditions: frozenset[str]) -> Query:
    seen = view(form)
    is_record = finding.c.about == sa.literal_column("'resource'")
    territory = rule.c.body.op("->>")(sa.literal_column("'territory'"))
    where = sa.func.coalesce(seen.c.place, place.c.code, territory, type_=sa.Text)
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == sa.bindparam("under"))
    clauses: dict[str, Any] = {
        "after": finding.c.id > sa.bindparam("after"),
        "resource": sa.and_(is_record, finding.c.subject == sa.bindparam("resource")),
        "code": finding.c.code == sa.bindparam("code"),
        "under": where == sa.any_(sa.func.array(under.scalar_subquery())),
    }
    records = sa.and_(is_record, seen.c.realm == finding.c.realm, seen.c.id == finding.c.subject)
    joined = finding.outerjoin(seen.table, records)
    for table, key, about in (
        (place, place.c.code, "place"),
        (zone, zone.c.id, "zone"),
        (rule, rule.c.id, "rule"),
    ):
        is_one = finding.c.about == sa.literal_column(f"'{about}'")
        joined = joined.outerjoin(table, sa.and_(is_one, key == finding.c.of_code))
    return Query(
        sa.select(
            finding.c.id,
            sa.case((is_record, finding.c.subject)).label("resource"),
            finding.c.about,
            finding.c.of_code,
            seen.c.kind,
            _shared_name("zh", seen).label("name_zh"),
            _shared_name("en", seen).label("name_en"),
            where.label("place"),
            finding.c.body,
            finding.c.found_at,
            finding.c.actor,
        )
        .select_from(joined)
        .where(
            sa.or_(seen.seen, *(key.is_not(None) for key in (place.c.code, zone.c.id, rule.c.id))),
            finding.c.realm == sa.bindparam("subject_realm"),
            finding.c.settled_at.is_(None),
            finding.c.severity == sa.literal_column("'warn'"),
            *(clauses[name] for name in sorted(conditions)),
        )
        .order_by(finding.c.id)
        .limit(sa.bindparam("limit"))
    )


STORED = Query(sa.select(finding.c.id, finding.c.severity, finding.c.settled_at, finding.c.body).where(*_OF))


async def stored(reader: Reader, realm: str, subject: UUID) -> list[Row]:
    """The findings that are stored of a subject, settled or not."""
    return await reader.rows(STORED, {"subject_realm": realm, "subject": subject})


async def find_open(reader: Reader, sight: Sight, conditions: Mapping[str, Any], limit: int) -> list[Row]:
    """Warnings that wait for a person, oldest first.

    `conditions` has any of after, resource, code, and under: a place with all below it.
    """
    values = {name: value for name, value in conditions.items() if value is not None}
    bound = binds(sight) | values | {"limit": limit, "subject_realm": realm(sight)}
    return await reader.rows(_open(shape(sight), frozenset(values)), bound)


async def replace(writer: Writer, removed: Sequence[UUID], added: Sequence[Mapping[str, Any]]) -> None:
    """Remove findings that no longer hold and add new ones."""
    if removed:
        await writer.run(REMOVE, {"ids": list(removed)})
    if added:
        await writer.run_many(INSERT, [{"about": "resource", "of_code": None, **one} for one in added])


async def add_many(writer: Writer, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store many new findings by COPY; those that have `settled_at` are settled."""
    names = [*_INSERTED, "settled_at", "settled_by", "reason"]
    if rows:
        await writer.copy(finding.name, names, [[row.get(name) for name in names] for row in rows])


async def remove_open(writer: Writer, sight: Sight, code: str, value: str) -> None:
    """Remove the open warnings of a code about a value: it is in order again."""
    await writer.run(REMOVE_OPEN, {"realm": realm(sight), "code": code, "value": value})


async def of_records(reader: Reader, sight: Sight, ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """Every stored finding of these records."""
    found: dict[UUID, list[Row]] = {}
    for row in await reader.rows(OF_RECORDS, {"realm": realm(sight), "ids": list(ids)}):
        found.setdefault(row["subject"], []).append(row)
    return found


async def lock(writer: Writer, sight: Sight, identity: UUID) -> Row | None:
    """One finding, locked."""
    return await writer.row(LOCK, {"realm": realm(sight), "id": identity})


async def settle(writer: Writer, identity: UUID, values: Mapping[str, Any]) -> None:
    """Settle a finding: settled_at, settled_by and reason."""
    await writer.run(SETTLE, {"of": identity} | dict(values))

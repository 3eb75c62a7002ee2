"""SQL of entries near a spot, and of how many a register lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from registry.domain.access.sight import Sight
from registry.domain.plans.entry import Entry, Inventory
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.plans.entries import PLACE, decode, recorded, visible
from registry.store.proximity import origin_sql
from registry.store.proximity.possible import bounds
from registry.store.schema.records import geography, place_within
from registry.store.visibility import Shape, binds, shape

NEAR_M = 5_000.0
"""Entries that are uncertain by more than this are looked at wherever they are; they are few."""
MOST_UNPLACED = 500
MOST_CORDONS = 2_000
"""Cordons that are looked at; the newest, of more that are on and not over."""
_REGISTERS = sa.any_(sa.bindparam("registers", type_=sa.ARRAY(sa.Text)))


class FoundEntry(NamedTuple):
    """An entry, how far it may be from where it is recorded, and the places that it may be in."""

    entry: Entry
    uncertainty_m: float | None
    bounds: list[str]


def _candidates(table: Any) -> Any:
    listed = table.c.body.op("->")(sa.literal_column("'location'")).op("->")(
        sa.literal_column("'candidate_places'")
    )
    names = sa.func.jsonb_array_elements_text(listed).table_valued("value", name="candidate").render_derived()
    candidates = sa.func.array(sa.select(names.c.value).scalar_subquery())
    stated = sa.func.coalesce(sa.func.jsonb_array_length(listed), sa.literal_column("0")) > sa.literal_column(
        "0"
    )
    own: Any = sa.func.array_remove(array([table.c.place]), sa.null())
    return sa.case((stated, candidates), else_=own)


def _where(form: Shape, table: Any, whole: bool) -> list[Any]:
    """Entries of the registers that are not retired; those that are closed are left out unless `whole`."""
    where = [visible(form, table), table.c.register == _REGISTERS, sa.not_(table.c.retired)]
    if not whole:
        state = table.c.body.op("->>")(sa.literal_column("'state'"))
        where.append(state.is_distinct_from(sa.literal_column("'closed'")))
    return where


@statement
def _near(form: Shape, whole: bool) -> Query:
    table, origin = recorded(form.past), origin_sql.FROM_SPOT
    reach = sa.bindparam("reach_m", type_=sa.Float)
    away = sa.func.ST_Distance(geography(table.c.geom), origin.geog)
    vague = sa.or_(table.c.uncertainty_m.is_(None), table.c.uncertainty_m > sa.literal_column(str(NEAR_M)))
    near = sa.func.ST_DWithin(geography(table.c.geom), origin.geog, reach + sa.literal_column(str(NEAR_M)))
    none = sa.cast(sa.literal_column("'{}'"), sa.ARRAY(sa.Text)).label("bounds")
    columns = (table.c.body, table.c.published_now, table.c.uncertainty_m, none)
    where = _where(form, table, whole)
    return Query(
        sa.select(*columns)
        .where(*where, table.c.geom.is_not(None), sa.or_(near, vague))
        .order_by(away, table.c.id)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


@statement
def _unplaced(form: Shape, whole: bool) -> Query:
    table = recorded(form.past)
    columns = (table.c.body, table.c.published_now, table.c.uncertainty_m)
    return Query(
        sa.select(*columns, bounds(_candidates(table)).label("bounds"))
        .where(*_where(form, table, whole), table.c.geom.is_(None))
        .order_by(table.c.id)
        .limit(sa.literal_column(str(MOST_UNPLACED + 1)))
    )


@statement
def _cordons_not_over(form: Shape) -> Query:
    table = recorded(form.past)
    none = sa.cast(sa.literal_column("'{}'"), sa.ARRAY(sa.Text))
    places = sa.case((table.c.geom.is_(None), bounds(_candidates(table))), else_=none)
    ends_at = sa.cast(table.c.body.op("->>")(sa.literal_column("'ends_at'")), sa.TIMESTAMP(timezone=True))
    return Query(
        sa.select(table.c.body, table.c.published_now, table.c.uncertainty_m, places.label("bounds"))
        .where(
            visible(form, table),
            table.c.register == sa.literal_column("'cordon'"),
            sa.not_(table.c.retired),
            table.c.body.op("->>")(sa.literal_column("'active'")).is_distinct_from(
                sa.literal_column("'false'")
            ),
            sa.or_(ends_at.is_(None), ends_at > sa.bindparam("at", type_=sa.TIMESTAMP(timezone=True))),
        )
        .order_by(table.c.updated_at.desc(), table.c.id)
        .limit(sa.literal_column(str(MOST_CORDONS)))
    )


@statement
def _counts(form: Shape) -> Query:
    table = recorded(form.past)
    located = sa.func.count().filter(table.c.geom.is_not(None))
    placeholder = sa.func.count().filter(
        table.c.body.op("@>")(sa.literal_column("""'{"sources": [{"confidence": "placeholder"}]}'::jsonb"""))
    )
    return Query(
        sa.select(
            sa.func.count().label("listed"), located.label("located"), placeholder.label("placeholders")
        ).where(*_where(form, table, True))
    )


@statement
def _inventories(form: Shape) -> Query:
    table = recorded(form.past)
    of = table.c.body.op("->>")(sa.literal_column("'of'"))
    above = sa.select(place_within.c.ancestor).where(place_within.c.code == PLACE)
    return Query(
        sa.select(table.c.body, table.c.published_now)
        .where(
            visible(form, table),
            sa.not_(table.c.retired),
            table.c.register == sa.literal_column("'inventory'"),
            of == _REGISTERS,
            table.c.place == sa.any_(sa.func.array(above.scalar_subquery())),
        )
        .order_by(table.c.id)
    )


async def near(
    reader: Reader,
    sight: Sight,
    registers: Sequence[str],
    start: Start,
    radius_m: float,
    limit: int,
    *,
    whole: bool,
) -> list[FoundEntry]:
    """At most `limit` entries with a position that may lie within the radius, nearest first as recorded."""
    values = binds(sight) | origin_sql.binds(start) | {"registers": list(registers), "limit": limit}
    values |= {"reach_m": radius_m + start.margin_m + 1.0}
    return [_found(row, sight) for row in await reader.rows(_near(shape(sight), whole), values)]


async def unplaced(
    reader: Reader, sight: Sight, registers: Sequence[str], *, whole: bool
) -> tuple[list[FoundEntry], bool]:
    """Entries without a position, with the bounds of their places, and whether there are more."""
    rows = await reader.rows(_unplaced(shape(sight), whole), binds(sight) | {"registers": list(registers)})
    return [_found(row, sight) for row in rows[:MOST_UNPLACED]], len(rows) > MOST_UNPLACED


async def cordons_not_over(reader: Reader, sight: Sight, at: datetime) -> list[FoundEntry]:
    """The cordons that are on and do not end before an instant, with the places of those not drawn."""
    rows = await reader.rows(_cordons_not_over(shape(sight)), binds(sight) | {"at": at})
    return [_found(row, sight) for row in rows]


async def counts(reader: Reader, sight: Sight, registers: Sequence[str]) -> Row:
    """How many entries of the registers are listed, how many have a position, how many are placeholders."""
    row = await reader.row(_counts(shape(sight)), binds(sight) | {"registers": list(registers)})
    assert row is not None
    return row


async def inventories(
    reader: Reader, sight: Sight, registers: Sequence[str], place: str | None
) -> list[Inventory]:
    """The declarations that a register is complete for the place or one above it."""
    values = binds(sight) | {"registers": list(registers), "place": place}
    rows = await reader.rows(_inventories(shape(sight)), values)
    return [entry for row in rows if isinstance(entry := decode(row, sight), Inventory)]


def _found(row: Row, sight: Sight) -> FoundEntry:
    return FoundEntry(decode(row, sight), row["uncertainty_m"], row["bounds"])

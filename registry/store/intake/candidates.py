"""SQL of the records that one row of a file may be, or may be a double of."""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.intake.doubles import cell_window
from registry.store.database.pool import Reader
from registry.store.database.query import Query, statement
from registry.store.schema.records import external_id
from registry.store.visibility import Shape, binds, realm, shape, view
from registry.store.windows import holds

UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SIDES = ("west", "south", "east", "north")
MOST_FOUND = 2_000


@statement
def _find(form: Shape, located: bool) -> Query:
    seen = view(form)
    columns = seen.c
    outer = (
        sa.func.unnest(
            sa.bindparam("systems", type_=sa.ARRAY(sa.Text)), sa.bindparam("numbers", type_=sa.ARRAY(sa.Text))
        )
        .table_valued("system", "number", name="asked")
        .render_derived()
    )
    numbered = sa.select(external_id.c.resource_id).join_from(
        outer,
        external_id,
        sa.and_(
            external_id.c.realm == sa.bindparam("row_realm"),
            external_id.c.system == outer.c.system,
            external_id.c.id == outer.c.number,
        ),
    )

    def read(*conditions: Any) -> Any:
        shared = (seen.seen, columns.kind == sa.bindparam("kind"))
        return sa.select(columns.id, seen.feature.label("feature")).where(*shared, *conditions)

    ways = [
        read(columns.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))),
        read(columns.id == sa.any_(sa.func.array(numbered.scalar_subquery()))),
        read(columns.place == sa.bindparam("place", type_=sa.Text)).limit(MOST_FOUND),
    ]
    if located:
        near = holds(seen.spot, *(sa.bindparam(side, type_=sa.Float) for side in SIDES))
        ways.append(read(near).limit(MOST_FOUND))
    union = sa.union_all(*(sa.select(*way.subquery().c) for way in ways)).subquery("found")
    return Query(sa.select(union.c.id, union.c.feature))


async def find(
    reader: Reader,
    sight: Sight,
    *,
    kind: str,
    identities: Sequence[str],
    external: Sequence[tuple[str, str]],
    place: str | None,
    at: Any,
) -> list[str]:
    """The features of the records with these identities, of this place, or near this point."""
    ids = [identity for identity in identities if UUID_TEXT.fullmatch(identity)]
    values: dict[str, Any] = {"kind": kind, "ids": ids, "place": place, "row_realm": realm(sight)}
    values |= {"systems": [one[0] for one in external], "numbers": [one[1] for one in external]}
    if at is not None:
        values |= dict(zip(SIDES, cell_window(*at), strict=True))
    rows = await reader.rows(_find(shape(sight), at is not None), binds(sight) | values)
    return [row["feature"] for row in rows]

"""SQL of exercises: which have anything that a sight sees."""

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.store.database.pool import Reader
from registry.store.database.query import Query, statement
from registry.store.plans.entries import recorded, visible
from registry.store.schema.intake import intake
from registry.store.visibility import Shape, binds, shape, view

# One step of an index for each exercise, however many records it has.
NAMES = Query(
    sa.text("""
    WITH RECURSIVE name (realm) AS (
        (SELECT min(realm) FROM resource)
        UNION ALL SELECT (SELECT min(realm) FROM resource WHERE realm > name.realm) FROM name
        WHERE name.realm IS NOT NULL
    )
    SELECT realm FROM name WHERE realm IS NOT NULL AND realm <> 'live'
    UNION SELECT realm FROM entry WHERE realm <> 'live'
    UNION SELECT realm FROM intake WHERE realm <> 'live'
    ORDER BY 1
    """)
)


@statement
def _holds(form: Shape) -> Query:
    seen, lines = view(form), recorded(form.past)
    record = sa.select(seen.c.id).where(seen.seen)
    line = sa.select(lines.c.id).where(visible(form, lines))
    held = [record.exists(), line.exists()]
    if form.clearance == "restricted":
        file = sa.select(intake.c.id).where(intake.c.realm == sa.bindparam("sight_realm", type_=sa.Text))
        held.append(file.exists())
    return Query(sa.select(sa.or_(*held).label("holds")))


async def names(reader: Reader) -> list[str]:
    """Every exercise, whoever may see what is in it."""
    return [row["realm"] for row in await reader.rows(NAMES, {})]


async def holds(reader: Reader, sight: Sight) -> bool:
    """Whether the exercise of a sight has a record, an entry or a file that the sight may see."""
    row = await reader.row(_holds(shape(sight)), binds(sight))
    return row is not None and bool(row["holds"])

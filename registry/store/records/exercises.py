"""SQL of exercises: which have anything that a sight sees, and which have ended."""

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from registry.domain.access.exercise import EndedExercise
from registry.domain.access.sight import Sight
from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query, statement
from registry.store.plans.entries import recorded, visible
from registry.store.schema.access import exercise_end
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

NAMED = exercise_end.c.exercise == sa.bindparam("exercise")
END = Query(
    insert(exercise_end)
    .values({name: sa.bindparam(name, type_=sa.Text) for name in ("exercise", "ended_by")})
    .on_conflict_do_nothing()
)
REOPEN = Query(sa.delete(exercise_end).where(NAMED))
ENDED = Query(sa.select(exercise_end).order_by(exercise_end.c.exercise))
ALONE = Query(
    sa.text("SELECT pg_advisory_xact_lock(hashtextextended('exercise ' || CAST(:exercise AS text), 0))")
)
"""Waits for the changes that are under way in an exercise; later ones wait for this transaction."""


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


async def ended(reader: Reader) -> list[EndedExercise]:
    """The exercises that have ended, by name, whoever may see what is in them."""
    return [msgspec.convert(dict(row), EndedExercise) for row in await reader.rows(ENDED, {})]


async def end(writer: Writer, exercise: str, ended_by: str) -> None:
    """End an exercise once the changes that are under way in it are stored; one that has ended stays so."""
    await writer.run(ALONE, {"exercise": exercise})
    await writer.run(END, {"exercise": exercise, "ended_by": ended_by})


async def reopen(writer: Writer, exercise: str) -> None:
    """Let an exercise go on."""
    await writer.run(REOPEN, {"exercise": exercise})

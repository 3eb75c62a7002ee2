"""List, end and reopen exercises, and refuse a question about one that nobody has opened."""

from msgspec import UNSET, structs
from rapidfuzz import fuzz, process

from registry.domain.access.actor import Actor, require, sight_of
from registry.domain.access.exercise import EndedExercise
from registry.domain.access.sight import Sight
from registry.domain.errors import Forbidden, UnknownCode
from registry.domain.intake.vocabulary import NEAR_PERCENT
from registry.store.database.pool import Reader, Writer
from registry.store.records import exercises

MOST_LIKE = 5


async def demand_exercise(reader: Reader, sight: Sight) -> None:
    """UnknownCode, with the nearest known name, for an exercise without anything that the sight sees.

    The first record or register entry opens an exercise; before it, a misspelt name would answer "none".
    """
    present = structs.replace(sight, as_of=None)
    if sight.exercise is None or await exercises.holds(reader, present):
        return
    near = await _nearest(reader, present)
    raise UnknownCode(
        f"there is no exercise {sight.exercise}" + (f"; did you mean {near}?" if near else ""),
        field="exercise",
        proposal=near,
        zh=f"没有名为 {sight.exercise} 的演练" + (f"，是否为 {near}？" if near else ""),
    )


async def visible_exercises(reader: Reader, sight: Sight) -> list[str]:
    """The names of the exercises that hold something which the sight sees, in their order."""
    present = structs.replace(sight, as_of=None)
    known = await exercises.names(reader)
    return [name for name in known if await exercises.holds(reader, structs.replace(present, exercise=name))]


async def ended_exercises(reader: Reader, actor: Actor, names: list[str]) -> list[EndedExercise]:
    """Those of these exercises that have ended; who ended them is for staff."""
    found = [one for one in await exercises.ended(reader) if one.exercise in names]
    public = actor.role == "public"
    return [structs.replace(one, ended_by=UNSET) if public else one for one in found]


async def end_exercise(writer: Writer, actor: Actor, exercise: str) -> EndedExercise:
    """End an exercise: from now on nothing in it is changed, whatever way a change comes.

    For planners of every place; UnknownCode where there is no such exercise. One that has ended stays so.
    """
    _require_planner_of_all(actor)
    await demand_exercise(writer, sight_of(actor, exercise))
    await exercises.end(writer, exercise, actor.id)
    (ended,) = await ended_exercises(writer, actor, [exercise])
    return ended


async def reopen_exercise(writer: Writer, actor: Actor, exercise: str) -> None:
    """Let an exercise that has ended go on; for planners of every place."""
    _require_planner_of_all(actor)
    await demand_exercise(writer, sight_of(actor, exercise))
    await exercises.reopen(writer, exercise)


def _require_planner_of_all(actor: Actor) -> None:
    require(actor, "planner")
    if actor.places is not None:
        raise Forbidden(
            "an exercise is ended and opened again by planners of every place",
            zh="演练由负责全部区域的规划员结束或重新开放",
        )


async def _nearest(reader: Reader, sight: Sight) -> str | None:
    """The name most like the one asked for, among the exercises that the sight sees something of."""
    known = await exercises.names(reader)
    like = process.extract(
        sight.exercise or "", known, scorer=fuzz.ratio, score_cutoff=NEAR_PERCENT, limit=MOST_LIKE
    )
    for name, *_ in like:
        if await exercises.holds(reader, structs.replace(sight, exercise=name)):
            return str(name)
    return None

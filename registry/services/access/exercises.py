"""List exercises, and refuse a question about one that nobody has opened."""

from msgspec import structs
from rapidfuzz import fuzz, process

from registry.domain.access.sight import Sight
from registry.domain.errors import UnknownCode
from registry.domain.intake.vocabulary import NEAR_PERCENT
from registry.store.database.pool import Reader
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

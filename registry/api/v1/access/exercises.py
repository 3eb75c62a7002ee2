"""Exercises over HTTP: which there are that the caller may see something of, and which have ended."""

from litestar import Router, delete, get, put
from litestar.params import FromPath
from msgspec import Struct

from registry.api.http.dependencies import ActorDep, ReaderDep, WriterDep
from registry.domain.access.actor import sight_of
from registry.domain.access.exercise import EndedExercise
from registry.services.access import exercises as service


class ExerciseList(Struct, frozen=True):
    """The exercises, by name."""

    exercises: list[str]
    """Their names, as the parameter `exercise` takes them."""
    ended: list[EndedExercise]
    """Those that have ended."""


@get("/")
async def list_exercises(reader: ReaderDep, actor: ActorDep) -> ExerciseList:
    """The drills and demonstrations that hold a record or entry which the caller may see."""
    names = await service.visible_exercises(reader, sight_of(actor))
    ended = await service.ended_exercises(reader, actor, names)
    return ExerciseList(names, ended)


@put("/{exercise:str}/end")
async def end_exercise(exercise: FromPath[str], writer: WriterDep, actor: ActorDep) -> EndedExercise:
    """End an exercise: it can be read as before, and whoever would change something in it gets 409.

    For planners of every place. One that has ended already stays as it is.
    """
    return await service.end_exercise(writer, actor, exercise)


@delete("/{exercise:str}/end")
async def reopen_exercise(exercise: FromPath[str], writer: WriterDep, actor: ActorDep) -> None:
    """Open an exercise that has ended again; for planners of every place."""
    await service.reopen_exercise(writer, actor, exercise)


router = Router(
    "/v1/exercises", route_handlers=[list_exercises, end_exercise, reopen_exercise], tags=["access"]
)

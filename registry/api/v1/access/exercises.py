"""Exercises over HTTP: which there are that the caller may see something of."""

from litestar import Router, get
from msgspec import Struct

from registry.api.http.dependencies import ActorDep, ReaderDep
from registry.domain.access.actor import sight_of
from registry.services.access.exercises import visible_exercises


class ExerciseList(Struct, frozen=True):
    """The exercises, by name."""

    exercises: list[str]
    """Their names, as the parameter `exercise` takes them."""


@get("/")
async def list_exercises(reader: ReaderDep, actor: ActorDep) -> ExerciseList:
    """The drills and demonstrations that hold a record or entry which the caller may see."""
    return ExerciseList(await visible_exercises(reader, sight_of(actor)))


router = Router("/v1/exercises", route_handlers=[list_exercises], tags=["access"])

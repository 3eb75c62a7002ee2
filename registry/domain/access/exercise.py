"""Exercises: drills and demonstrations, which are told apart from real life by their name."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType


class EndedExercise(Struct, frozen=True):
    """An exercise that has ended: what is in it can be read, and is not changed any more."""

    exercise: str
    """Its name."""
    ended_at: datetime
    """When it ended."""
    ended_by: str | UnsetType = UNSET
    """Who ended it; for staff."""

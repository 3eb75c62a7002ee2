"""The progress of long use cases."""

from collections.abc import Callable

Advance = Callable[[str, int, int], None]
"""Called with the name of a step, how many of its items are done, and how many there are."""


def unwatched(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""

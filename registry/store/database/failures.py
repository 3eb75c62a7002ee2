"""Maps the errors of the driver to those of the registry, in this one place."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from registry.domain.errors import Duplicate, ExerciseEnded, Forbidden, Invalid, RegistryError, Unavailable

BROKEN = {
    "fk_resource_place": ("properties.place", "no such place"),
    "ck_resource_located_has_geometry": ("geometry", "the quality and the geometry contradict each other"),
    "fk_place_parent": ("parent", "no such parent place"),
}
KEY = re.compile(r"Key \((?P<columns>[^)]*)\)=")
ENDED = "RE001"
"""What the database says of a change in an exercise that has ended; its message is the name."""
GONE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement on a connection that the server is closing
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.OutOfMemoryError,
)


class DiskFull:
    """When a statement of this process last found no space, by the monotonic clock."""

    at_s = float("-inf")


DISK_FULL = DiskFull()


def explain(error: BaseException) -> RegistryError | None:
    """The registry's error for a driver error; None where it is a bug of the registry."""
    if getattr(error, "sqlstate", None) == ENDED:
        return ExerciseEnded(
            f"the exercise {error} has ended: nothing in it is changed any more; a planner may open it again",
            field="exercise",
            zh=f"演练 {error} 已结束，不能再更改；规划员可以重新开放",
        )
    if isinstance(error, asyncpg.QueryCanceledError | TimeoutError | asyncio.TimeoutError):
        return Unavailable("the database did not answer in time", retry_after_s=2)
    if "conflict with recovery" in str(error):
        return Unavailable("the standby had to go on with the primary's changes")
    if isinstance(
        error, asyncpg.SerializationError | asyncpg.DeadlockDetectedError | asyncpg.LockNotAvailableError
    ):
        return Unavailable("another change was under way on the same record")
    if isinstance(error, asyncpg.UniqueViolationError):
        return Duplicate("something with that identity exists already")
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return _broken_rule(error)
    if isinstance(error, asyncpg.DataError):
        return Invalid("a value cannot be stored")
    if isinstance(error, asyncpg.DiskFullError):
        DISK_FULL.at_s = time.monotonic()
        return Unavailable("the database has no space left", retry_after_s=60)
    if isinstance(error, GONE):
        return Unavailable("the database is not reachable", retry_after_s=2)
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        if str(error).startswith("permission denied"):
            return Unavailable(
                f"the rights of the database's role are not those it needs: {error}", retry_after_s=60
            )
        return Forbidden("this record is outside the places your role holds for")
    return None


def _broken_rule(error: asyncpg.IntegrityConstraintViolationError) -> Invalid:
    """The rule in words: names of constraints say nothing to a user."""
    if error.constraint_name in BROKEN:
        field, detail = BROKEN[error.constraint_name]
        return Invalid(detail, field=field)
    key = KEY.search(error.detail or "")
    column = error.column_name or (key["columns"].rpartition(", ")[2] if key else None)
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return Invalid(f"{column or 'a reference'} names nothing that is stored here", field=column)
    if isinstance(error, asyncpg.NotNullViolationError):
        return Invalid(f"{column} is missing", field=column)
    return Invalid("a value is outside what can be stored, or contradicts another", field=column)


@asynccontextmanager
async def explained() -> AsyncIterator[None]:
    """Run a block, and raise its driver errors as errors of the registry."""
    try:
        yield
    except Exception as error:
        explanation = explain(error)
        if explanation is None:
            raise
        raise explanation from error

"""Maps the errors of the driver to those of the registry, in this one place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from registry.domain.errors import Duplicate, Forbidden, Invalid, RegistryError, Unavailable

BROKEN = {
    "fk_resource_place": ("properties.place", "no such place"),
    "ck_resource_located_has_geometry": ("geometry", "the quality and the geometry contradict each other"),
    "fk_place_parent": ("parent", "no such parent place"),
}
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


def explain(error: BaseException) -> RegistryError | None:
    """The registry's error for a driver error; None where it is a bug of the registry."""
    if isinstance(error, asyncpg.QueryCanceledError | TimeoutError | asyncio.TimeoutError):
        return Unavailable("the database did not answer in time", retry_after_s=2)
    if isinstance(
        error, asyncpg.SerializationError | asyncpg.DeadlockDetectedError | asyncpg.LockNotAvailableError
    ):
        return Unavailable("another change was under way on the same record")
    if isinstance(error, asyncpg.UniqueViolationError):
        return Duplicate(f"something with that identity exists already ({error.constraint_name})")
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return _broken_rule(error.constraint_name)
    if isinstance(error, asyncpg.DataError):
        return Invalid("a value cannot be stored")
    if isinstance(error, asyncpg.DiskFullError):
        return Unavailable("the database has no space left", retry_after_s=60)
    if isinstance(error, GONE):
        return Unavailable("the database is not reachable", retry_after_s=2)
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return Forbidden("this record is outside the places your role holds for")
    return None


def _broken_rule(constraint: str | None) -> Invalid:
    field, detail = BROKEN.get(constraint or "", (None, f"the rule {constraint} is broken"))
    return Invalid(detail, field=field)


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

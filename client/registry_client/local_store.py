"""The SQLite file of a device: the registry's records, the queue of operations, the feed cursor."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCHEMA = """
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, bucket INTEGER NOT NULL, feature TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS record_bucket ON record (bucket);
CREATE TABLE IF NOT EXISTS queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, op_id TEXT NOT NULL UNIQUE, resource_id TEXT NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, reason TEXT, made_at_s REAL NOT NULL, seen_version INTEGER,
    request TEXT, result TEXT, version INTEGER, answer TEXT);
CREATE INDEX IF NOT EXISTS queue_resource ON queue (resource_id);
CREATE TABLE IF NOT EXISTS lineage (id TEXT PRIMARY KEY, version INTEGER NOT NULL);
"""
DONE = ("applied", "merged")
COLUMNS = "op_id, resource_id, kind, body, reason, made_at_s, seen_version, request, result, version, answer"


class QueuedOperation(Struct, frozen=True):
    """One thing a person did on this device.

    `seen_version` is the version it was done to. `request` is the form in which it is sent, once it is fixed.
    `result`, `version` and `answer` are the registry's; they are None until the operation is settled.
    """

    op_id: str
    resource_id: str
    kind: str
    body: dict[str, Any]
    reason: str | None
    made_at_s: float
    seen_version: int | None
    request: dict[str, Any] | None = None
    result: str | None = None
    version: int | None = None
    answer: dict[str, Any] | None = None


class LocalStore:
    """The file of one device; every change is on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all changes of the block, or none of them."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def note(self, name: str) -> str | None:
        """The value kept under a name."""
        row = self._db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def keep_note(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, value))

    def record(self, identity: str) -> dict[str, Any] | None:
        """The Feature as the registry last sent it."""
        row = self._db.execute("SELECT feature FROM record WHERE id = ?", (identity,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0])

    def version(self, identity: str) -> int | None:
        """The version of a record that is held here."""
        row = self._db.execute("SELECT version FROM record WHERE id = ?", (identity,)).fetchone()
        return None if row is None else int(row[0])

    def identities(self, bucket: int | None = None) -> set[str]:
        """The records held here, of one bucket of the digest or of all."""
        rows = self._db.execute("SELECT id FROM record WHERE coalesce(bucket = ?, true)", (bucket,))
        return {row[0] for row in rows}

    def put(self, feature: dict[str, Any], *, newest: bool = False) -> None:
        """Hold what the registry sent, unless a newer version is held; `newest` replaces any version."""
        identity, version = feature["id"], feature["properties"]["version"]
        if not newest and (self.version(identity) or 0) > version:
            return
        text = msgspec.json.encode(feature).decode()
        row = (identity, version, bucket_of(identity), text)
        self._db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", row)
        self._forget_done_on(identity, version)

    def drop(self, identity: str, version: int | None = None) -> None:
        """Forget a record that is retired or out of sight, unless a newer version is held."""
        if version is not None and (self.version(identity) or 0) > version:
            return
        self._db.execute("DELETE FROM record WHERE id = ?", (identity,))
        self._forget_done_on(identity, version)

    def _forget_done_on(self, identity: str, version: int | None) -> None:
        """Drop operations that the held version contains: they need not be laid over it any more."""
        self._db.execute(
            "DELETE FROM queue WHERE resource_id = ? AND result IN (?, ?) AND coalesce(version <= ?, true)",
            (identity, *DONE, version),
        )

    def forget_done(self) -> None:
        """Drop every operation that was carried out: the records held here contain them all."""
        self._db.execute("DELETE FROM queue WHERE result IN (?, ?)", DONE)

    def digest(self) -> dict[str, tuple[int, str]]:
        """Count and hash of each bucket, as the registry computes them."""
        buckets: dict[int, tuple[int, int]] = {}
        query = "SELECT id, version, bucket, json_extract(feature, '$.properties.updated_at') FROM record"
        for identity, version, bucket, updated_at in self._db.execute(query):
            count, value = buckets.get(bucket, (0, 0))
            at_us = (datetime.fromisoformat(updated_at) - EPOCH) // timedelta(microseconds=1)
            hashed = hashlib.sha256(f"{identity}:{version}:{at_us}".encode()).digest()
            buckets[bucket] = (count + 1, value ^ int.from_bytes(hashed[:8], "big"))
        return {str(bucket): (count, f"{value:016x}") for bucket, (count, value) in buckets.items()}

    def add(self, operation: QueuedOperation) -> None:
        """Append an operation to the queue."""
        values = msgspec.structs.asdict(operation) | {"body": msgspec.json.encode(operation.body).decode()}
        self._db.execute(
            f"INSERT INTO queue ({COLUMNS}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608 - names only
            list(values.values()),
        )

    def queue(self, where: str = "true", *values: object) -> list[QueuedOperation]:
        """Operations in the order in which they were done. `where` is SQL of this package, never input."""
        rows = self._db.execute(f"SELECT {COLUMNS} FROM queue WHERE {where} ORDER BY seq", values)  # noqa: S608
        return [_operation(row) for row in rows]

    def waiting(self) -> list[QueuedOperation]:
        """Operations that are not settled yet."""
        return self.queue("result IS NULL")

    def freeze(self, op_id: str, request: dict[str, Any]) -> None:
        """Fix the form in which an operation is sent, so that every retry sends the same."""
        text = msgspec.json.encode(request).decode()
        self._db.execute("UPDATE queue SET request = ? WHERE op_id = ?", (text, op_id))

    def settle(self, op_id: str, result: str, version: int | None, answer: dict[str, Any]) -> None:
        """Write down the registry's answer to an operation."""
        text = msgspec.json.encode(answer).decode()
        self._db.execute(
            "UPDATE queue SET result = ?, version = ?, answer = ? WHERE op_id = ?",
            (result, version, text, op_id),
        )

    def forget(self, op_id: str) -> None:
        """Drop an operation."""
        self._db.execute("DELETE FROM queue WHERE op_id = ?", (op_id,))

    def lineage(self, identity: str) -> int:
        """The latest version that holds only what was seen here and done here; 0 for none."""
        row = self._db.execute("SELECT version FROM lineage WHERE id = ?", (identity,)).fetchone()
        return 0 if row is None else int(row[0])

    def keep_lineage(self, identity: str, version: int) -> None:
        """Write down a version that holds nothing unseen."""
        self._db.execute("INSERT OR REPLACE INTO lineage VALUES (?, ?)", (identity, version))


def bucket_of(identity: str) -> int:
    """The bucket of the digest that a record is in."""
    return int(identity[-2:], 16)


def _operation(row: Iterable[Any]) -> QueuedOperation:
    values = dict(zip(QueuedOperation.__struct_fields__, row, strict=True))
    for name in ("body", "request", "answer"):
        if values[name] is not None:
            values[name] = msgspec.json.decode(values[name])
    return QueuedOperation(**values)

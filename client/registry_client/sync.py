"""The protocol of field sync: push the queue, then pull the feed."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field, structs

from registry_client.http import CursorExpired, Refused, SyncApi, Unreachable
from registry_client.local_store import DONE, LocalStore, QueuedOperation

BATCH_SIZE = 50
MOST_BUCKET_STREAMS = 64
"""From so many unequal buckets on, one stream of everything costs less than a stream each."""
CHUNK_SIZE = 500
MOST_TRIES = 3
UNREADABLE_STATUSES = frozenset({400, 413, 422})


class SyncResult(Struct):
    """What a sync did; `unreachable` says why it could not finish, None when it did."""

    settled: list[QueuedOperation] = field(default_factory=list)
    changed: int = 0
    unreachable: str | None = None
    retry_after_s: float = 0.0


class Synchronizer:
    """One device's side of field sync."""

    def __init__(self, store: LocalStore, api: SyncApi) -> None:
        self._store = store
        self._api = api

    async def push(self, result: SyncResult) -> None:
        """Send the queue in order; operations that an earlier failure blocked are sent again without it."""
        tries = Counter[str]()
        while batch := self._batch(tries):
            answers = await self._answers(batch)
            with self._store.transaction():
                for operation, answer in zip(batch, answers, strict=True):
                    if answer["result"] == "blocked":
                        tries[operation.op_id] += 1
                    else:
                        self._settle(operation, answer, result)

    async def _answers(self, batch: list[QueuedOperation]) -> list[dict[str, Any]]:
        """One answer each. When the registry cannot read the batch, each operation is sent alone."""
        try:
            return await self._api.push([operation.request or {} for operation in batch])
        except Refused as refused:
            if refused.status not in UNREADABLE_STATUSES:
                raise
            if len(batch) == 1:
                return [{"result": "rejected", "detail": str(refused)}]
        return [(await self._answers([operation]))[0] for operation in batch]

    def _batch(self, tries: Counter[str]) -> list[QueuedOperation]:
        """The next operations to send, each in its final form.

        An edit waits for the earlier operations on its record, because it is made to what they leave. Later
        operations on that record wait for the edit.
        """
        batch: list[QueuedOperation] = []
        in_batch, held = set[str](), set[str]()
        for operation in self._store.waiting():
            record = operation.resource_id
            follows = operation.kind == "patch" and record in in_batch
            if record in held or follows or tries[operation.op_id] >= MOST_TRIES:
                held.add(record)
                continue
            in_batch.add(record)
            batch.append(operation if operation.request else self._frozen(operation))
            if len(batch) == BATCH_SIZE:
                break
        return batch

    def _frozen(self, operation: QueuedOperation) -> QueuedOperation:
        at = datetime.fromtimestamp(operation.made_at_s + self._api.clock_offset_s, UTC).isoformat()
        body = operation.body
        if operation.kind in ("status", "stock"):
            body = {"observed_at": at} | body
        request: dict[str, Any] = {
            "op_id": operation.op_id,
            "kind": operation.kind,
            "resource_id": operation.resource_id,
        }
        request |= {"body": body, "device_at": at, "reason": operation.reason}
        if operation.kind == "patch":
            request["base_version"] = self._base_version(operation) or None
        self._store.freeze(operation.op_id, request)
        return structs.replace(operation, request=request)

    def _base_version(self, operation: QueuedOperation) -> int:
        """The version an operation was done to: the one seen, or the one that own operations made of it."""
        return max(operation.seen_version or 0, self._store.lineage(operation.resource_id))

    def _settle(self, operation: QueuedOperation, answer: dict[str, Any], result: SyncResult) -> None:
        outcome, version = answer.get("first") or answer["result"], answer.get("version")
        self._store.settle(operation.op_id, outcome, version, answer)
        result.settled.extend(self._store.queue("op_id = ?", operation.op_id))
        if outcome not in DONE:
            return
        if version is not None and version - self._base_version(operation) in (0, 1):
            self._store.keep_lineage(operation.resource_id, version)
        if version is None or version <= (self._store.version(operation.resource_id) or 0):
            self._store.forget(operation.op_id)

    async def pull(self, result: SyncResult, wait_s: float) -> None:
        """Take the feed page by page; a page and its cursor are stored in one transaction."""
        expired = False
        while True:
            cursor = None if expired else self._store.note("cursor")
            if cursor is None:
                cursor = await self._resync(result)
            try:
                page = await self._api.changes(cursor, wait_s)
            except CursorExpired:
                if expired:
                    raise Unreachable("the feed expired twice in a row") from None
                expired = True
                continue
            expired = False
            with self._store.transaction():
                for change in page["changes"]:
                    self._apply(change)
                self._store.keep_note("cursor", page["cursor"])
            result.changed += len(page["changes"])
            if not page["more"]:
                return

    def _apply(self, change: dict[str, Any]) -> None:
        if change["op"] == "put":
            self._store.put(change["feature"])
        else:
            self._store.drop(change["id"], change["version"])

    async def _resync(self, result: SyncResult) -> str:
        """Make every bucket equal to the registry's; returns the cursor to continue from.

        Records that came before a stream broke are kept: the next digest asks for the rest only.
        """
        remote = await self._api.digest()
        local = {bucket: list(value) for bucket, value in self._store.digest().items()}
        buckets = set(local) | set(remote["buckets"])
        unequal = [bucket for bucket in buckets if local.get(bucket) != remote["buckets"].get(bucket)]
        if len(unequal) >= MOST_BUCKET_STREAMS:
            await self._take(None, result)
        else:
            for bucket in unequal:
                await self._take(int(bucket), result)
        self._store.forget_done()
        cursor: str = remote["cursor"]
        return cursor

    async def _take(self, bucket: int | None, result: SyncResult) -> None:
        """Hold exactly the registry's records of a bucket, or of all."""
        obsolete, chunk = self._store.identities(bucket), list[dict[str, Any]]()
        async for feature in self._api.snapshot(bucket):
            obsolete.discard(feature["id"])
            chunk.append(feature)
            if len(chunk) >= CHUNK_SIZE:
                self._hold(chunk, result)
        self._hold(chunk, result)
        with self._store.transaction():
            for identity in obsolete:
                self._store.drop(identity)

    def _hold(self, features: list[dict[str, Any]], result: SyncResult) -> None:
        with self._store.transaction():
            for feature in features:
                self._store.put(feature, newest=True)
        result.changed += len(features)
        features.clear()

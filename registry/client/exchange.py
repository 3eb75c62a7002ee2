"""Sending what was done and taking what changed: the protocol of field sync, over a pocket and a wire."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field, structs

from registry.client.pocket import DONE, Pocket, Queued
from registry.client.wire import Away, Expired, Refused, Wire

MOST = 50
WHOLE = 64
"""From so many unequal buckets on, one stream of everything is cheaper than a stream each."""
CHUNK = 500
TRIES = 3
UNREADABLE = frozenset({400, 413, 422})


class Synced(Struct):
    """What a sync did; `away` says why it could not finish."""

    settled: list[Queued] = field(default_factory=list)
    changed: int = 0
    away: str | None = None
    retry_after_s: float = 0.0


class Exchange:
    """One device's side of the conversation."""

    def __init__(self, pocket: Pocket, wire: Wire) -> None:
        self._pocket = pocket
        self._wire = wire

    async def push(self, done: Synced) -> None:
        """Send what waits, in order; what an earlier failure blocked is sent again without it."""
        tries = Counter[str]()
        while batch := self._batch(tries):
            results = await self._results(batch)
            with self._pocket.whole():
                for operation, told in zip(batch, results, strict=True):
                    if told["result"] == "blocked":
                        tries[operation.op_id] += 1
                    else:
                        self._settle(operation, told, done)

    async def _results(self, batch: list[Queued]) -> list[dict[str, Any]]:
        """What became of each; one that the registry cannot even read does not hold up the others."""
        try:
            return await self._wire.push([operation.sent or {} for operation in batch])
        except Refused as refused:
            if refused.status not in UNREADABLE:
                raise
            if len(batch) == 1:
                return [{"result": "rejected", "detail": str(refused)}]
        return [(await self._results([operation]))[0] for operation in batch]

    def _batch(self, tries: Counter[str]) -> list[Queued]:
        """The next operations to send, each in its final form, at most fifty.

        An edit waits for the earlier operations on its record, since it is made to what they leave, and the
        later ones wait for it.
        """
        chosen: list[Queued] = []
        busy, held = set[str](), set[str]()
        for operation in self._pocket.waiting():
            record = operation.resource_id
            follows = operation.kind == "patch" and record in busy
            if record in held or follows or tries[operation.op_id] >= TRIES:
                held.add(record)
                continue
            busy.add(record)
            chosen.append(operation if operation.sent else self._frozen(operation))
            if len(chosen) == MOST:
                break
        return chosen

    def _frozen(self, operation: Queued) -> Queued:
        at = datetime.fromtimestamp(operation.made_at + self._wire.clock_offset_s, UTC).isoformat()
        body = operation.body
        if operation.kind in ("status", "stock"):
            body = {"observed_at": at} | body
        sent: dict[str, Any] = {
            "op_id": operation.op_id,
            "kind": operation.kind,
            "resource_id": operation.resource_id,
        }
        sent |= {"body": body, "device_at": at, "reason": operation.reason}
        if operation.kind == "patch":
            sent["base_version"] = self._base(operation) or None
        self._pocket.freeze(operation.op_id, sent)
        return structs.replace(operation, sent=sent)

    def _base(self, operation: Queued) -> int:
        """The version an operation was done to: what was seen, or what own operations have made of it."""
        return max(operation.seen or 0, self._pocket.lineage(operation.resource_id))

    def _settle(self, operation: Queued, told: dict[str, Any], done: Synced) -> None:
        result, version = told.get("first") or told["result"], told.get("version")
        self._pocket.settle(operation.op_id, result, version, told)
        done.settled.extend(self._pocket.queue("op_id = ?", operation.op_id))
        if result not in DONE:
            return
        if version is not None and version - self._base(operation) in (0, 1):
            self._pocket.keep_lineage(operation.resource_id, version)
        if version is None or version <= (self._pocket.version(operation.resource_id) or 0):
            self._pocket.forget(operation.op_id)

    async def pull(self, done: Synced, wait_s: float) -> None:
        """Take page after page; each page and its cursor stand together."""
        expired = False
        while True:
            cursor = None if expired else self._pocket.note("cursor")
            if cursor is None:
                cursor = await self._resync(done)
            try:
                page = await self._wire.changes(cursor, wait_s)
            except Expired:
                if expired:
                    raise Away("the feed starts anew again and again") from None
                expired = True
                continue
            expired = False
            with self._pocket.whole():
                for change in page["changes"]:
                    self._apply(change)
                self._pocket.keep_note("cursor", page["cursor"])
            done.changed += len(page["changes"])
            if not page["more"]:
                return

    def _apply(self, change: dict[str, Any]) -> None:
        if change["op"] == "put":
            self._pocket.put(change["feature"])
        else:
            self._pocket.drop(change["id"], change["version"])

    async def _resync(self, done: Synced) -> str:
        """Make every bucket equal to the registry's; returns the cursor to go on from.

        What was taken before a stream broke is kept: the next digest asks for the rest only.
        """
        there = await self._wire.digest()
        here = {bucket: list(told) for bucket, told in self._pocket.digest().items()}
        unequal = [b for b in set(here) | set(there["buckets"]) if here.get(b) != there["buckets"].get(b)]
        if len(unequal) >= WHOLE:
            await self._take(None, done)
        else:
            for bucket in unequal:
                await self._take(int(bucket), done)
        self._pocket.forget_done()
        cursor: str = there["cursor"]
        return cursor

    async def _take(self, bucket: int | None, done: Synced) -> None:
        """Hold exactly what the registry has in a bucket, or in all."""
        before, chunk = self._pocket.identities(bucket), list[dict[str, Any]]()
        async for feature in self._wire.snapshot(bucket):
            before.discard(feature["id"])
            chunk.append(feature)
            if len(chunk) >= CHUNK:
                self._hold(chunk, done)
        self._hold(chunk, done)
        with self._pocket.whole():
            for identity in before:
                self._pocket.drop(identity)

    def _hold(self, features: list[dict[str, Any]], done: Synced) -> None:
        with self._pocket.whole():
            for feature in features:
                self._pocket.put(feature, newest=True)
        done.changed += len(features)
        features.clear()

"""What a subscription was told through the kills: nothing lost, in order, each under one identity."""

import json
from collections import defaultdict
from typing import Any

import asyncpg
import httpx

from tests.faults.victim import Victim
from tests.receiver import Receiver
from tests.waiting import until

PATIENCE_S = 300.0
UNREAD = """
SELECT count(*) FROM change_log c, log_reader r
 WHERE r.name = 'webhooks' AND (c.xid, c.seq) > (r.xid, r.seq)"""
UNSENT = "SELECT count(*) FROM webhook_message WHERE delivered_at IS NULL"
DUE_NOW = "UPDATE webhook_message SET due_at = now() WHERE delivered_at IS NULL"
"""What a killed process had leased, or could not send, is due in minutes: the drill does not wait."""
CHANGES = """
SELECT c.resource_id::text AS id, c.version FROM change_log c, subscription s
 WHERE (c.xid, c.seq) > (s.since_xid, s.since_seq)"""
Change = tuple[str, int]


class Listener:
    """Somebody who is told of every change."""

    def __init__(self) -> None:
        self._receiver = Receiver()

    async def subscribe(self, victim: Victim) -> None:
        """Ask to be told."""
        async with httpx.AsyncClient(base_url=victim.url, timeout=60) as http:
            headers = {"Authorization": f"Bearer {victim.token}"}
            made = await http.post("/v1/subscriptions", json={"url": self._receiver.url}, headers=headers)
            made.raise_for_status()

    async def inspect(self, connection: asyncpg.Connection) -> dict[str, int]:
        """What was told, once everything is."""

        async def told() -> bool:
            await connection.execute(DUE_NOW)
            return not await connection.fetchval(UNREAD) + await connection.fetchval(UNSENT)

        await until(told, within_s=PATIENCE_S, every_s=0.5)
        changes = {(row["id"], row["version"]) for row in await connection.fetch(CHANGES)}
        return inspected(changes, self._receiver.got)

    def close(self) -> None:
        """Stop listening."""
        self._receiver.close()


def inspected(changes: set[Change], got: list[tuple[dict[str, str], bytes]]) -> dict[str, int]:
    """How many changes were lost, told out of order, or under several identities, and bodies that differ."""
    firsts: dict[str, Change] = {}
    identities: dict[Change, set[str]] = defaultdict(set)
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for headers, body in got:
        data: dict[str, Any] = json.loads(body)["data"]
        change = data["id"], data["version"]
        firsts.setdefault(headers["webhook-id"], change)
        identities[change].add(headers["webhook-id"])
        bodies[headers["webhook-id"]].add(body)
    versions: dict[str, list[int]] = defaultdict(list)
    for subject, version in firsts.values():
        versions[subject].append(version)
    return {
        "changes that webhooks lost": len(changes - set(identities)),
        "records whose webhooks came out of order": sum(told != sorted(told) for told in versions.values()),
        "changes with several webhook identities": sum(len(ids) > 1 for ids in identities.values()),
        "webhook identities with several bodies": sum(len(texts) > 1 for texts in bodies.values()),
    }

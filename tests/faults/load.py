"""Clients that keep changing resources and retry until they have an answer."""

import asyncio
import random
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx

from registry.domain.identity import new_id
from tests.faults.ledger import Ledger, Operation

PATIENCE_S = 300.0
QUANTITY = 1_000_000
STOCK = [{"item_code": "1010101", "name": {"zh": "帐篷"}, "quantity": QUANTITY}]
LOCATION = {"quality": "surveyed", "uncertainty_m": 5}


class Stuck(Exception):
    """An operation that got no answer within the patience of a client."""


class Client:
    """One person with a depot and a team, who does one thing after the other."""

    def __init__(self, number: int, seed: int, url: str, token: str, ledger: Ledger) -> None:
        self._random = random.Random(f"{seed}/{number}")
        self._ledger = ledger
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(base_url=f"{url}/v1", headers=headers, timeout=15)
        self._mine: dict[str, str] = {}
        self._retired = False

    async def work(self, over: asyncio.Event) -> None:
        """Change things until it is over."""
        async with self._http:
            for kind in ("supply_depot", "rescue_team"):
                self._mine[kind] = await self._create(kind)
            acts = [self._move, self._move, self._report, self._edit, self._edit, self._verify, self._retire]
            while not over.is_set():
                act = self._random.choice([*acts, self._another])
                await act()

    def _operation(self, what: str, resource: str, keyed: bool = True, change: int = 0) -> Operation:
        operation = Operation(
            str(uuid.UUID(int=self._random.getrandbits(128))), resource, what, keyed, change
        )
        self._ledger.begin(operation)
        return operation

    async def _create(self, kind: str) -> str:
        identity = str(new_id(int(datetime.now(UTC).timestamp() * 1000)))
        properties: dict[str, Any] = {"kind": kind, "name": {"en": "Drill"}, "location": LOCATION}
        if kind == "supply_depot":
            properties["stock"] = STOCK
        point = {"type": "Point", "coordinates": [106.6 + self._random.random() / 10, 29.0]}
        body = {"type": "Feature", "id": identity, "geometry": point, "properties": properties}
        operation = self._operation("create", identity)
        await self._send(operation, "POST", "/resources", body, reason=operation.id)
        return identity

    async def _another(self) -> None:
        await self._create(self._random.choice(["supply_depot", "rescue_team", "shelter"]))

    async def _move(self) -> None:
        depot, change = self._mine["supply_depot"], self._random.randint(-9, 9) or 1
        operation = self._operation("move", depot, change=change)
        moved = [{"item_code": "1010101", "change": change}]
        body = {"observed_at": _now(), "movements": moved, "note": operation.id}
        await self._send(operation, "POST", f"/resources/{depot}/stock", body)

    async def _report(self) -> None:
        team = self._mine["rescue_team"]
        operation = self._operation("report", team)
        body = {"observed_at": _now(), "readiness": "committed", "note": operation.id}
        await self._send(operation, "POST", f"/resources/{team}/status", body)

    async def _verify(self) -> None:
        team = self._mine["rescue_team"]
        operation = self._operation("verify", team)
        await self._send(operation, "POST", f"/resources/{team}/verification", {"how": operation.id})

    async def _retire(self) -> None:
        """Retire the team, and bring it back the next time."""
        team = self._mine["rescue_team"]
        if self._retired:
            operation = self._operation("restore", team)
            await self._send(operation, "POST", f"/resources/{team}/restoration", None, reason=operation.id)
        else:
            await self._conditional(team, "retire", "DELETE", None)
        self._retired = not self._retired

    async def _edit(self) -> None:
        one = self._random.choice(list(self._mine.values()))
        await self._conditional(one, "edit", "PATCH", {"properties": {"note": _now()}})

    async def _conditional(self, resource: str, what: str, method: str, body: Any) -> None:
        """A change without a key: after a doubtful end the history tells whether it was made."""
        operation = self._operation(what, resource, keyed=False)
        path = f"/resources/{resource}"
        etag = (await self._ask("GET", path, None, {}, {})).headers["etag"]
        asked = {"reason": operation.id}
        answer = await self._ask(method, path, body, asked, {"If-Match": etag})
        if answer.status_code == 412:
            history = await self._ask("GET", f"{path}/history", None, {}, {})
            if operation.id not in [change["reason"] for change in history.json()["changes"]]:
                self._ledger.fault(f"{what} was stale without anybody else's change")
                return
            self._ledger.acknowledge(operation, {})
        else:
            self._acknowledge(operation, answer)

    async def _send(self, operation: Operation, method: str, path: str, body: Any, **asked: str) -> None:
        answer = await self._ask(method, path, body, asked, {"Idempotency-Key": operation.id})
        self._acknowledge(operation, answer)

    def _acknowledge(self, operation: Operation, answer: httpx.Response) -> None:
        if answer.is_success:
            self._ledger.acknowledge(operation, answer.json()["properties"])
        else:
            self._ledger.fault(f"{operation.what}: {answer.status_code} {answer.text[:300]}")

    async def _ask(
        self, method: str, path: str, body: Any, asked: dict[str, str], headers: dict[str, str]
    ) -> httpx.Response:
        """The first answer that says something; none within the patience of a client is a fault."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while asyncio.get_running_loop().time() < deadline:
            answer = await self._try(method, path, body, asked, headers)
            if answer is not None:
                return answer
            await asyncio.sleep(self._random.uniform(0.05, 0.3))
        self._ledger.fault(f"{method} {path} had no answer within {PATIENCE_S:g} s")
        raise Stuck

    async def _try(
        self, method: str, path: str, body: Any, asked: dict[str, str], headers: dict[str, str]
    ) -> httpx.Response | None:
        try:
            answer = await self._http.request(method, path, json=body, params=asked, headers=headers)
        except httpx.TransportError as error:
            self._ledger.doubts[type(error).__name__] += 1
            return None
        if answer.status_code == 503:
            self._ledger.doubts[answer.json()["detail"]] += 1
            if "retry-after" not in answer.headers:
                self._ledger.fault("503 without Retry-After")
            return None
        return None if answer.status_code == 409 and "still running" in answer.text else answer


def _now() -> str:
    return datetime.now(UTC).isoformat()

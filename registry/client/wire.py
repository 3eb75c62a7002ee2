"""The registry over HTTP, as a device meets it: there, away, or refusing."""

from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

AWAY = frozenset({408, 425, 429, 500, 502, 503, 504})
TRUSTED_SKEW_S = 2.0
"""`Date` has whole seconds, and the way takes time: a difference below this says nothing."""


class Away(Exception):
    """Nobody answered, or asked to come back later: what was sent may or may not have been done."""

    def __init__(self, reason: str, retry_after_s: float = 1.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The registry answered that it will not."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


class Expired(Exception):
    """The place in the feed is no longer good: compare digests."""


class Wire:
    """One registry, one key, one place, one exercise."""

    def __init__(
        self, http: httpx.AsyncClient, place: str | None, exercise: str | None, clock: Callable[[], float]
    ) -> None:
        self._http = http
        self._clock = clock
        self._scope = {
            name: value for name, value in (("place", place), ("exercise", exercise)) if value is not None
        }
        self._exercise = {} if exercise is None else {"exercise": exercise}
        self.clock_offset_s = 0.0

    async def push(self, operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What became of each operation."""
        sent = self._http.build_request(
            "POST", "/v1/sync/push", json={"operations": operations}, params=self._exercise
        )
        results: list[dict[str, Any]] = (await self._json(sent))["results"]
        return results

    async def changes(self, cursor: str, wait_s: float = 0) -> dict[str, Any]:
        """The next page of the feed; Expired when the cursor is no longer good."""
        asked = self._scope | {"cursor": cursor} | ({"wait_s": str(wait_s)} if wait_s else {})
        timeout = httpx.Timeout(30 + wait_s)
        return await self._json(self._http.build_request("GET", "/v1/changes", params=asked, timeout=timeout))

    async def digest(self) -> dict[str, Any]:
        """Count and hash of each bucket, and the cursor to go on from."""
        return await self._json(self._http.build_request("GET", "/v1/sync/digest", params=self._scope))

    async def snapshot(self, bucket: int | None) -> AsyncIterator[dict[str, Any]]:
        """Every record in scope; Away when the stream ended early."""
        asked = self._scope | ({} if bucket is None else {"bucket": str(bucket)})
        request = self._http.build_request("GET", "/v1/sync/snapshot", params=asked)
        count = -1
        try:
            response = await self._http.send(request, stream=True)
            try:
                _check(response, (await response.aread()).decode() if response.is_error else "")
                async for line in response.aiter_lines():
                    said = msgspec.json.decode(line)
                    if said.get("end") == count:
                        return
                    count += 1
                    if count:
                        yield said
            finally:
                await response.aclose()
        except (httpx.TransportError, msgspec.DecodeError) as error:
            raise Away(str(error) or type(error).__name__) from error
        raise Away("the stream ended before its end")

    async def _json(self, request: httpx.Request) -> dict[str, Any]:
        begun = self._clock()
        try:
            response = await self._http.send(request)
        except httpx.TransportError as error:
            raise Away(str(error) or type(error).__name__) from error
        self._learn_clock(response, (begun + self._clock()) / 2)
        _check(response, response.text)
        found: dict[str, Any] = response.json()
        return found

    def _learn_clock(self, response: httpx.Response, here_s: float) -> None:
        """How far this device's clock is behind the registry's."""
        if told := response.headers.get("date"):
            offset_s = parsedate_to_datetime(told).timestamp() + 0.5 - here_s
            self.clock_offset_s = offset_s if abs(offset_s) > TRUSTED_SKEW_S else 0.0


def _check(response: httpx.Response, text: str) -> None:
    if response.status_code in AWAY:
        told = response.headers.get("retry-after", "1")
        raise Away(text[:200], float(told) if told.isdigit() else 1.0)
    if response.status_code == 410:
        raise Expired
    if response.is_error:
        raise Refused(response.status_code, text[:2000])

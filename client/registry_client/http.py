"""The registry's HTTP interface as a device sees it: it answers, it refuses, or it cannot be reached."""

from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
IGNORED_SKEW_S = 2.0
"""`Date` has whole seconds and the answer takes time: a smaller difference says nothing."""


class Unreachable(Exception):
    """No answer, or "come back later". The registry may or may not have carried out the request."""

    def __init__(self, reason: str, retry_after_s: float = 1.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The registry answered with an error that a retry does not change."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


class CursorExpired(Exception):
    """The feed no longer accepts the cursor: compare digests."""


class SyncApi:
    """The routes of field sync, for one registry, key, place and exercise."""

    def __init__(
        self, http: httpx.AsyncClient, place: str | None, exercise: str | None, clock: Callable[[], float]
    ) -> None:
        self._http = http
        self._clock = clock
        self._exercise = {} if exercise is None else {"exercise": exercise}
        self._scope = self._exercise | ({} if place is None else {"place": place})
        self.clock_offset_s = 0.0

    async def push(self, operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send operations; returns one result for each, in the same order."""
        request = self._http.build_request(
            "POST", "/v1/sync/push", json={"operations": operations}, params=self._exercise
        )
        results: list[dict[str, Any]] = (await self._json(request))["results"]
        return results

    async def changes(self, cursor: str, wait_s: float = 0) -> dict[str, Any]:
        """The next page of the feed; CursorExpired when the cursor is no longer accepted."""
        params = self._scope | {"cursor": cursor} | ({"wait_s": str(wait_s)} if wait_s else {})
        timeout = httpx.Timeout(30 + wait_s)
        return await self._json(
            self._http.build_request("GET", "/v1/changes", params=params, timeout=timeout)
        )

    async def digest(self) -> dict[str, Any]:
        """Count and hash of each bucket, and the cursor that continues from there."""
        return await self._json(self._http.build_request("GET", "/v1/sync/digest", params=self._scope))

    async def snapshot(self, bucket: int | None) -> AsyncIterator[dict[str, Any]]:
        """Every record in scope, or of one bucket; Unreachable when the stream breaks off."""
        params = self._scope | ({} if bucket is None else {"bucket": str(bucket)})
        request = self._http.build_request("GET", "/v1/sync/snapshot", params=params)
        count = -1  # the first line is a header, the last one repeats the number of records
        try:
            response = await self._http.send(request, stream=True)
            try:
                _raise_for_status(response, (await response.aread()).decode() if response.is_error else "")
                async for line in response.aiter_lines():
                    value = msgspec.json.decode(line)
                    if value.get("end") == count:
                        return
                    count += 1
                    if count:
                        yield value
            finally:
                await response.aclose()
        except (httpx.TransportError, msgspec.DecodeError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        raise Unreachable("the stream ended before its last line")

    async def _json(self, request: httpx.Request) -> dict[str, Any]:
        begun_at = self._clock()
        try:
            response = await self._http.send(request)
        except httpx.TransportError as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        self._learn_clock(response, (begun_at + self._clock()) / 2)
        _raise_for_status(response, response.text)
        body: dict[str, Any] = response.json()
        return body

    def _learn_clock(self, response: httpx.Response, local_s: float) -> None:
        if date := response.headers.get("date"):
            offset_s = parsedate_to_datetime(date).timestamp() + 0.5 - local_s
            self.clock_offset_s = offset_s if abs(offset_s) > IGNORED_SKEW_S else 0.0


def _raise_for_status(response: httpx.Response, text: str) -> None:
    if response.status_code in RETRY_STATUSES:
        retry_after = response.headers.get("retry-after", "1")
        raise Unreachable(text[:200], float(retry_after) if retry_after.isdigit() else 1.0)
    if response.status_code == 410:
        raise CursorExpired
    if response.is_error:
        raise Refused(response.status_code, text[:2000])

"""A deadline for the request body, so that a slow client cannot hold a slot for long."""

import asyncio
import time
from typing import Any

from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Receive

LEAST_BYTES_PER_S = 1024
LONGEST_S = 300.0


class BodyTooSlow(HTTPException):
    """The body did not arrive in time."""

    status_code = 408
    detail = "the body did not arrive in time"


def timed(receive: Receive, scope: HTTPScope, patience_s: float) -> Receive:
    """`receive` with a deadline: `patience_s` seconds, and one more for each KiB that arrived."""
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return receive
    begun_s, got, done = time.monotonic(), 0, False

    async def receive_in_time() -> Any:
        nonlocal got, done
        if done:
            return await receive()
        until_s = begun_s + min(patience_s + got / LEAST_BYTES_PER_S, LONGEST_S)
        try:
            async with asyncio.timeout(until_s - time.monotonic()):
                message: Any = await receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if message["type"] == "http.request":
            got += len(message["body"])
            done = not message["more_body"]
        else:
            done = True
        return message

    return receive_in_time

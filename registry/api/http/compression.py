"""Compression of everything textual, as the client asks: zstd, br or gzip; streams piece by piece.

Litestar's own middleware would sit inside of the audit, which reads bodies, knows no zstd, and leaves strong
validators as they are. A compressed body has other bytes, so that its validator becomes a weak one here.
"""

import asyncio
import re
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import brotli
import zstandard
from litestar.types import Message, Send

LEAST_BYTES = 600
"""A smaller body fits one packet as it is."""
THREAD_FROM_BYTES = 65_536
"""A larger piece is compressed beside the event loop."""
TEXTUAL = re.compile(
    rb"text/|image/svg|application/vnd\.google-earth\.kml\+xml|application/x-ndjson"
    rb"|application/(?:[\w.-]+\+)?(?:json|xml|json-seq|javascript)(?:;|$)"
)
EVENTS = b"text/event-stream"
GZIP_WINDOW = 31
ACCEPTED = re.compile(r"\s*([\w*-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


class Compressor(Protocol):
    """Compresses one body, piece by piece."""

    def add(self, piece: bytes) -> bytes:
        """What is there to send after a piece; perhaps nothing yet."""

    def flush(self) -> bytes:
        """The rest of what was added, so that the client can read all of it."""

    def end(self) -> bytes:
        """The end of the body."""


class _Zstd:
    def __init__(self) -> None:
        packer = zstandard.ZstdCompressor(level=6).compressobj()
        self.add = packer.compress
        self.flush = partial(packer.flush, zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        self.end = partial(packer.flush, zstandard.COMPRESSOBJ_FLUSH_FINISH)


class _Brotli:
    def __init__(self) -> None:
        packer = brotli.Compressor(quality=5)
        self.add, self.flush, self.end = packer.process, packer.flush, packer.finish


class _Gzip:
    def __init__(self) -> None:
        packer = zlib.compressobj(6, wbits=GZIP_WINDOW)
        self.add = packer.compress
        self.flush = partial(packer.flush, zlib.Z_SYNC_FLUSH)
        self.end = partial(packer.flush, zlib.Z_FINISH)


COMPRESSORS: dict[str, Callable[[], Compressor]] = {"zstd": _Zstd, "br": _Brotli, "gzip": _Gzip}
"""By the name of the encoding; of those that a client likes equally the first is taken."""


def encoding_for(accepted: str) -> str | None:
    """The encoding that an Accept-Encoding header likes best; None for the body as it is."""
    if not accepted:
        return None
    weights = {
        found[1].lower(): float(found[2] or 1)
        for part in accepted.split(",")
        if (found := ACCEPTED.fullmatch(part))
    }
    anything = weights.get("*", 0.0)
    best = max(COMPRESSORS, key=lambda name: weights.get(name, anything))
    weight = weights.get(best, anything)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else None


class CompressedSender:
    """Sends one response, compressed where it is textual and its client asks for it."""

    def __init__(self, send: Send, accepted: str) -> None:
        self._send = send
        self._accepted = accepted
        self._start: Any = None
        self._packer: Compressor | None = None
        self._encoding = ""
        self._flushes = False

    async def __call__(self, message: Message) -> None:
        """Pass one message on; the start waits for the first piece of the body."""
        if message["type"] == "http.response.start":
            if self._is_candidate(message):
                self._start = message
            else:
                await self._send(message)
        elif message["type"] == "http.response.body":
            await self._body(message)
        else:
            await self._send(message)

    def _is_candidate(self, message: Any) -> bool:
        """Whether the response may be compressed; a textual one varies with the encoding in any case."""
        headers = dict(message["headers"])
        kind = headers.get(b"content-type", b"")
        if message["status"] in (204, 304) or b"content-encoding" in headers or not TEXTUAL.match(kind):
            return False
        vary = headers.get(b"vary", b"")
        if b"accept-encoding" not in vary.lower():
            _set(message, b"vary", vary + b", Accept-Encoding" if vary else b"Accept-Encoding")
        self._flushes = kind.startswith(EVENTS)
        self._encoding = encoding_for(self._accepted) or ""
        return bool(self._encoding)

    async def _body(self, message: Any) -> None:
        start, self._start = self._start, None
        body, more = message.get("body", b""), message.get("more_body", False)
        if start is not None:
            if more or len(body) >= LEAST_BYTES:
                self._packer = COMPRESSORS[self._encoding]()
                self._encode(start)
            if self._packer is not None and not more:
                body = await self._packed(self._packer, body, self._packer.end)
                _set(start, b"content-length", b"%d" % len(body))
                self._packer = None
            await self._send(start)
        if self._packer is not None:
            after = self._packer.end if not more else self._packer.flush if self._flushes else bytes
            body = await self._packed(self._packer, body, after)
            if more and not body:
                return
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _packed(self, packer: Compressor, body: bytes, after: Callable[[], bytes]) -> bytes:
        if len(body) < THREAD_FROM_BYTES:
            return packer.add(body) + after()
        return await asyncio.to_thread(lambda: packer.add(body) + after())

    def _encode(self, start: Any) -> None:
        headers = dict(start["headers"])
        start["headers"] = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        start["headers"].append((b"content-encoding", self._encoding.encode()))
        etag = headers.get(b"etag", b"")
        if etag.startswith(b'"'):
            _set(start, b"etag", b"W/" + etag)


def _set(message: Any, name: bytes, value: bytes) -> None:
    """Give a header this value."""
    message["headers"] = [*(pair for pair in message["headers"] if pair[0] != name), (name, value)]

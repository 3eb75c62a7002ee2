"""The headers that every answer carries."""

from collections.abc import Iterable, Mapping

Pairs = list[tuple[bytes, bytes]]

NEVER_A_PAGE = b"default-src 'none'; frame-ancestors 'none'"
OWN_PAGE = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    b" img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
ALWAYS: Pairs = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
TLS = (b"strict-transport-security", b"max-age=31536000")


class Headers:
    """What is added to the answer of one request; what a handler set itself stays."""

    def __init__(self, request_id: str, asked: Mapping[bytes, bytes], *, tls: bool) -> None:
        self._signed = b"authorization" in asked
        self._own: Pairs = [(b"x-request-id", request_id.encode()), *ALWAYS]
        if tls:
            self._own.append(TLS)
        self._limit: Pairs = []
        self.kind = b""

    def tell_limit(self, quota: int, left: float) -> None:
        """State the quota and what is left of it (draft-ietf-httpapi-ratelimit-headers-10)."""
        reset_s = int((quota - left) * 60 / quota) + 1
        self._limit = [
            (b"ratelimit-policy", f'"units";q={quota};w=60'.encode()),
            (b"ratelimit", f'"units";r={int(left)};t={reset_s}'.encode()),
        ]

    def complete(self, given: Iterable[tuple[bytes, bytes]]) -> Pairs:
        """The headers of an answer with those that every answer carries."""
        kept = [(name.lower(), value) for name, value in given]
        names = dict(kept)
        for name, value in (*self._own, *self._limit):
            if name not in names:
                kept.append((name, value))
        self.kind = kind = names.get(b"content-type", b"")
        if b"content-security-policy" not in names:
            page = kind.startswith(b"text/html")
            kept.append((b"content-security-policy", OWN_PAGE if page else NEVER_A_PAGE))
        if self._signed and b"cache-control" not in names:
            kept.append((b"cache-control", b"private, no-cache"))
        if b"vary" not in names:
            kept.append((b"vary", b"Authorization"))
        return kept

"""The headers that every response carries."""

import json
from collections.abc import Iterable, Mapping
from itertools import islice

from registry.domain.intake.finding import Finding

FINDINGS = "Registry-Findings"
MOST_FINDINGS = 20
POSITION = "Registry-Position"
"""The position after a change; whoever sends it back is answered from what holds that change."""
Pairs = list[tuple[bytes, bytes]]

NEVER_A_PAGE = b"default-src 'none'; frame-ancestors 'none'"
OWN_PAGE = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    b" img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
ALWAYS: Pairs = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
TLS = (b"strict-transport-security", b"max-age=31536000")


def findings_header(findings: Iterable[Finding]) -> str:
    """The codes of findings with their severity and member, as a structured list (RFC 9651)."""
    listed = [
        f"{one.code};severity={one.severity};field={json.dumps(one.field or '')}"
        for one in islice(findings, MOST_FINDINGS)
    ]
    return ", ".join(listed)


class ResponseHeaders:
    """The headers that are added to one response; headers that the handler set win."""

    def __init__(self, request_id: str, request_headers: Mapping[bytes, bytes], *, tls: bool) -> None:
        self._signed = b"authorization" in request_headers
        self._always: Pairs = [(b"x-request-id", request_id.encode()), *ALWAYS]
        if tls:
            self._always.append(TLS)
        self._limit: Pairs = []
        self.kind = b""

    def set_rate_limit(self, quota: int, left: float) -> None:
        """State the quota and its rest (draft-ietf-httpapi-ratelimit-headers-10)."""
        reset_s = int((quota - left) * 60 / quota) + 1
        self._limit = [
            (b"ratelimit-policy", f'"units";q={quota};w=60'.encode()),
            (b"ratelimit", f'"units";r={int(left)};t={reset_s}'.encode()),
        ]

    def set_findings(self, findings: Iterable[Finding]) -> None:
        """State what the gate found of a body, unless the response states it itself."""
        if text := findings_header(findings):
            self._limit.append((FINDINGS.lower().encode(), text.encode()))

    def set_position(self, position: str | None) -> None:
        """State the position after a change."""
        if position is not None:
            self._limit.append((POSITION.lower().encode(), position.encode()))

    def complete(self, own: Iterable[tuple[bytes, bytes]]) -> Pairs:
        """The handler's own headers with those that every response carries."""
        kept = [(name.lower(), value) for name, value in own]
        names = dict(kept)
        for name, value in (*self._always, *self._limit):
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

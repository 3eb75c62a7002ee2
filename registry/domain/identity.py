"""New identities: UUIDv7, so that they sort by the time they were made."""

import secrets
from uuid import UUID


def new_id(now_ms: int) -> UUID:
    """A UUIDv7 (RFC 9562, 5.7) for the Unix time in milliseconds."""
    random = secrets.randbits(74)
    value = (
        (now_ms & ((1 << 48) - 1)) << 80
        | 0x7 << 76
        | (random >> 62) << 64
        | 0b10 << 62
        | random & ((1 << 62) - 1)
    )
    return UUID(int=value)

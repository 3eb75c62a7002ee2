"""Peppers: the secret that keys, seals and cursors are made with, and those that were used before it."""

import hmac
from collections.abc import Iterator
from typing import NamedTuple


class WrongPepper(Exception):
    """This host has another pepper than the registry: others could not read its keys and seals."""


class Peppers(NamedTuple):
    """The pepper in use, and the former ones, which still read what was made with them."""

    current: bytes
    former: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"Peppers({pepper_id(self.current)}, {len(self.former)} former)"

    def every(self) -> Iterator[bytes]:
        """All of them, the one in use first."""
        yield self.current
        yield from self.former

    def by_id(self) -> dict[str, bytes]:
        """All of them by their fingerprints."""
        return {pepper_id(one): one for one in self.every()}


def pepper_id(pepper: bytes) -> str:
    """The fingerprint of a pepper, which tells nothing about it."""
    return hmac.digest(pepper, b"which pepper this is", "sha256").hex()[:16]

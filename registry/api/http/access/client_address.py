"""The address of the client behind trusted proxies."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from litestar.types import HTTPScope

from registry.runtime.settings import SettingsError


class Forwarded(NamedTuple):
    """The host and the scheme that a client used, as a trusted proxy says; None where it does not."""

    host: str | None
    scheme: str | None


class TrustedProxies:
    """The networks whose X-Forwarded-For, -Host and -Proto are trusted."""

    def __init__(self, listed: str) -> None:
        try:
            self._networks = [ip_network(part.strip()) for part in listed.split(",") if part.strip()]
        except ValueError as error:
            raise SettingsError(f"REGISTRY_TRUSTED_PROXIES: {error}") from None

    def client(self, scope: HTTPScope, headers: Mapping[bytes, bytes]) -> str:
        """The address of the client: the last hop that is not a trusted proxy."""
        peer = scope["client"]
        address = peer[0] if peer else "unknown"
        if not self._networks or not self._is_trusted(address):
            return address
        for hop in reversed(headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
            if not _is_address(hop.strip()):
                return address
            address = hop.strip()
            if not self._is_trusted(address):
                return address
        return address

    def forwarded(self, scope: HTTPScope) -> "Forwarded":
        """What the client asked the proxy for; nothing when the peer is not a trusted proxy."""
        peer = scope["client"]
        if not self._networks or peer is None or not self._is_trusted(peer[0]):
            return Forwarded(None, None)
        headers = dict(scope["headers"])
        scheme = _last(headers, b"x-forwarded-proto")
        return Forwarded(_last(headers, b"x-forwarded-host"), scheme if scheme in ("http", "https") else None)

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._networks)


def _last(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    """What the nearest proxy said: it stands last."""
    return headers.get(name, b"").decode("latin-1").rpartition(",")[2].strip() or None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

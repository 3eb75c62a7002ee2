"""Signed webhooks (Standard Webhooks 1.0): signatures, retries with backoff, addresses that are refused."""

import base64
import hmac
import secrets
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from registry.domain.access.pepper import Peppers
from registry.domain.errors import Invalid

RETRY_AFTER_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The pauses after each failed attempt; after the last the message is given up, and can be replayed."""
MOST_RESPONSE_BYTES = 65_536
TIMEOUT_S = 5.0
Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]


def new_secret() -> str:
    """A secret of 32 random bytes in the form that Standard Webhooks libraries take."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """The value of the `webhook-signature` header: HMAC-SHA256 over identity, time and body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def encrypt_secret(secret: str, pepper: bytes) -> bytes:
    """The secret as it is stored: useless without the pepper, which the database lacks."""
    return _cipher(pepper).encrypt(secret.encode(), None)


def decrypt_secret(stored: bytes, peppers: Peppers) -> str | None:
    """The secret, with whichever pepper it was stored; None when none of them is the one."""
    for pepper in peppers.every():
        try:
            return _cipher(pepper).decrypt(stored, None).decode()
        except InvalidTag:
            continue
    return None


def _cipher(pepper: bytes) -> AESSIV:
    return AESSIV(hmac.digest(pepper, b"webhook secret", "sha512"))


def retry_after_s(attempts: int, jitter: float) -> float | None:
    """The pause after so many attempts, longer by up to a tenth; None when the message is given up."""
    if attempts > len(RETRY_AFTER_S):
        return None
    return RETRY_AFTER_S[attempts - 1] * (1 + 0.1 * jitter)


def parse_networks(text: str) -> Networks:
    """Networks from text with commas; ValueError says what is wrong with it."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_public(address: Address) -> bool:
    """Whether an address is one of the open Internet; a mapped or tunnelled one is what it stands for."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if inner:
            return is_public(inner)
        if address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address.is_global and not address.is_multicast


NAT64 = IPv6Network("64:ff9b::/96")


def allowed_address(addresses: Iterable[str], allowed: Networks) -> Address | None:
    """The first address, if each of them is public or in a network that is allowed; else None.

    One private address among them refuses all: a name with both is a way in.
    """
    every = [ip_address(text.partition("%")[0]) for text in addresses]
    if not every or not all(is_public(one) or _is_in(one, allowed) for one in every):
        return None
    return every[0]


def _is_in(address: Address, allowed: Networks) -> bool:
    return any(address in network for network in allowed)


def check_url(url: str, allowed: Networks) -> None:
    """Invalid for an address that no delivery would go to: plain http, a port of its own, user names."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise Invalid(f"the port of {url[:80]} is no number", field="url") from error
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise Invalid(
            "an address is https://host/path without a user", field="url", zh="地址应为 https://主机/路径"
        )
    if allowed:
        return
    if parts.scheme != "https" or port not in (None, 443):
        raise Invalid(
            "deliveries go over https on port 443; REGISTRY_WEBHOOK_NETWORKS allows others",
            field="url",
            zh="只向 443 端口的 https 地址投递；如需内网地址请设置 REGISTRY_WEBHOOK_NETWORKS",
        )

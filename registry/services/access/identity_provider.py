"""Tokens of an OpenID provider, verified against its keys, which a background task fetches."""

import asyncio
import hashlib
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import msgspec
import structlog

from registry.domain.access.actor import RANK, Actor
from registry.domain.errors import Unauthenticated
from registry.runtime.settings import Settings, SettingsError, is_loopback

log = structlog.get_logger("registry")
ALGORITHMS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""The accepted signature algorithms and the key type of each; never `none`, never HMAC."""
REQUIRED = ["exp", "iat", "sub", "aud", "iss", "jti"]
EVERYWHERE = "*"
"""The place of a role that holds for everywhere; without a place a role holds nowhere."""
LEEWAY_S = 60
LONGEST_LIFE_S = 3600
REFRESH_S = 300.0
AGAIN_S = 15.0
MOST_BYTES = 65_536
CACHE_S = 10.0
MOST_CACHED = 10_000


class IdentityProvider:
    """The provider whose tokens are accepted."""

    def __init__(self, settings: Settings) -> None:
        source = settings.oidc_jwks
        if source is None or settings.oidc_issuer is None or settings.oidc_audience is None:
            raise SettingsError("REGISTRY_OIDC_ISSUER, _AUDIENCE and _JWKS belong together")
        parts = urlsplit(source)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise SettingsError("REGISTRY_OIDC_JWKS is fetched by https, or is a file")
        self._source = source
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._role_claim = settings.oidc_role_claim
        self._places_claim = settings.oidc_places_claim
        self._keys: dict[str, jwt.PyJWK] = {}
        self._accepted: dict[bytes, tuple[Actor, float]] = {}
        self._key_missing = asyncio.Event()

    async def keep_fresh(self) -> None:
        """Fetch the keys now, every five minutes, and soon after a token names a key that is missing."""
        while True:
            pause_s = REFRESH_S if await self.refresh() else AGAIN_S
            self._key_missing.clear()
            await asyncio.sleep(AGAIN_S)
            try:
                async with asyncio.timeout(pause_s - AGAIN_S):
                    await self._key_missing.wait()
            except TimeoutError:
                continue

    async def refresh(self) -> bool:
        """Fetch the provider's keys; keep the old ones when it does not respond."""
        try:
            keys = _signing_keys(msgspec.json.decode(await self._fetch()))
        except (httpx.HTTPError, OSError, msgspec.DecodeError, ValueError) as error:
            log.warning("the provider's keys could not be fetched", reason=type(error).__name__)
            return False
        if keys != self._keys:
            self._accepted.clear()
        self._keys = keys
        return True

    async def _fetch(self) -> bytes:
        if urlsplit(self._source).scheme not in ("http", "https"):
            return await asyncio.to_thread(Path(self._source).read_bytes)
        async with httpx.AsyncClient(timeout=5, follow_redirects=False) as client:
            response = await client.get(self._source)
            response.raise_for_status()
        if len(response.content) > MOST_BYTES:
            raise ValueError("the key set is too long")
        return response.content

    def actor_of(self, token: str) -> Actor:
        """The actor of a token; Unauthenticated when the token is not accepted."""
        digest, now_s = hashlib.sha256(token.encode()).digest(), time.monotonic()
        if (cached := self._accepted.get(digest)) and now_s < cached[1]:
            return cached[0]
        claims = self._claims(token)
        actor = self._actor(claims)
        if len(self._accepted) >= MOST_CACHED:
            self._accepted.clear()
        left_s = claims["exp"] + LEEWAY_S - time.time()
        self._accepted[digest] = (actor, now_s + min(CACHE_S, left_s))
        return actor

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            head = jwt.get_unverified_header(token)
            key = self._key(head.get("kid"), head.get("alg"))
            claims = jwt.decode(
                token,
                key,
                algorithms=[head["alg"]],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated(f"the token is not accepted ({type(error).__name__})") from None
        if not all(isinstance(claims[name], int | float) for name in ("exp", "iat")):
            raise Unauthenticated("the token's exp and iat are no numbers")
        if claims["exp"] - claims["iat"] > LONGEST_LIFE_S:
            raise Unauthenticated("the token lives longer than an hour")
        return claims

    def _key(self, kid: object, algorithm: object) -> jwt.PyJWK:
        if not isinstance(kid, str) or algorithm not in ALGORITHMS:
            raise Unauthenticated("the token names no key, or a signature that is not accepted")
        key = self._keys.get(kid)
        if key is None:
            self._key_missing.set()
            raise Unauthenticated("the token is signed with a key that the provider does not show")
        if key.key_type != ALGORITHMS[str(algorithm)]:
            raise Unauthenticated("the token's signature does not fit its key")
        return key

    def _actor(self, claims: dict[str, Any]) -> Actor:
        role, places = claims.get(self._role_claim), claims.get(self._places_claim) or []
        if not isinstance(role, str) or role not in RANK or role == "public":
            raise Unauthenticated(f"the token's {self._role_claim} is no role of this registry")
        if not isinstance(places, list) or not all(isinstance(code, str) and code for code in places):
            raise Unauthenticated(f"the token's {self._places_claim} is no list of place codes")
        return Actor(
            id=f"oidc:{claims['sub']}", role=role, places=None if EVERYWHERE in places else tuple(places)
        )


def _signing_keys(document: Any) -> dict[str, jwt.PyJWK]:
    """The signing keys of a JWK set by key id; keys of other types are left out."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("this is no key set")
    keys = {}
    for entry in document["keys"]:
        if isinstance(entry, dict) and entry.get("kty") in ALGORITHMS.values() and entry.get("use") != "enc":
            try:
                keys[str(entry["kid"])] = jwt.PyJWK(entry)
            except (jwt.PyJWTError, KeyError):
                continue
    return keys


def configured_provider(settings: Settings) -> IdentityProvider | None:
    """The configured provider; None when none of its settings is set."""
    parts = (settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks)
    return IdentityProvider(settings) if any(parts) else None

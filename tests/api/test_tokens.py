"""Tokens of an OpenID provider: what is believed, and every way in which one is not."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from litestar.testing import AsyncTestClient

from registry.app import create_app
from registry.domain.errors import Unauthenticated
from registry.runtime.database import as_role
from registry.runtime.settings import Settings, SettingsError
from registry.services.access.identity_provider import IdentityProvider, configured_provider
from tests.waiting import until

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
STRANGER = rsa.generate_private_key(65537, 2048)
FAMILIES = {
    "rsa": (RSA, "RS256", jwt.algorithms.RSAAlgorithm),
    "ec": (EC, "ES256", jwt.algorithms.ECAlgorithm),
    "ed": (ED, "EdDSA", jwt.algorithms.OKPAlgorithm),
}


def key_set(*names: str) -> dict[str, Any]:
    return {
        "keys": [
            {
                **json.loads(FAMILIES[name][2].to_jwk(FAMILIES[name][0].public_key())),
                "kid": name,
                "use": "sig",
            }
            for name in names
        ]
    }


def claims(**given: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {
        "iss": "https://id.example",
        "aud": "registry",
        "sub": "u1",
        "jti": "j1",
        "iat": now,
        "exp": now + 600,
    }
    told |= {"registry_role": "field", "registry_places": ["T1"]} | given
    return {name: value for name, value in told.items() if value is not None}


def sign(name: str = "rsa", headers: dict[str, Any] | None = None, **given: Any) -> str:
    key, algorithm, _ = FAMILIES[name]
    return jwt.encode(claims(**given), key, algorithm=algorithm, headers={"kid": name} | (headers or {}))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "keys.json").write_text(json.dumps(key_set("rsa", "ec", "ed")))
    return Settings(
        oidc_issuer="https://id.example",
        oidc_audience="registry",
        oidc_jwks=str(tmp_path / "keys.json"),
        pool_size=2,
    )


@pytest.fixture
async def provider(settings: Settings) -> IdentityProvider:
    made = IdentityProvider(settings)
    assert await made.refresh()
    return made


@pytest.mark.parametrize("name", FAMILIES)
async def test_a_good_token_says_who_asks(provider: IdentityProvider, name: str) -> None:
    for _ in range(2):
        actor = provider.actor_of(sign(name))
        assert (actor.id, actor.role, actor.places) == ("oidc:u1", "field", ("T1",))
    everywhere = provider.actor_of(sign(name, registry_role="planner", registry_places=["*"]))
    assert (everywhere.role, everywhere.places) == ("planner", None)
    for nothing in ([], None):
        nowhere = provider.actor_of(sign(name, registry_role="planner", registry_places=nothing))
        assert (nowhere.role, nowhere.places) == ("planner", ())


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "JWT", "kid": "rsa"}, claims(registry_role="admin")]
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."
    )


def confused() -> str:
    """Signed by HMAC with the public key as the secret, as if the verifier did not look at the algorithm."""
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = [{"alg": "HS256", "typ": "JWT", "kid": "rsa"}, claims(registry_role="admin")]
    text = ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts)
    mac = base64.urlsafe_b64encode(hmac.new(public, text.encode(), hashlib.sha256).digest()).rstrip(b"=")
    return f"{text}.{mac.decode()}"


def tampered() -> str:
    head, _, mac = sign().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(registry_role="admin")).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{mac}"


BAD = {
    "alg none": unsigned,
    "HMAC with the public key": confused,
    "another body under the signature": tampered,
    "signed by a stranger": lambda: jwt.encode(claims(), STRANGER, "RS256", headers={"kid": "rsa"}),
    "a key nobody shows": lambda: sign(headers={"kid": "other"}),
    "a path as key": lambda: sign(headers={"kid": "../../etc/passwd"}),
    "no key named": lambda: jwt.encode(claims(), RSA, "RS256"),
    "the key of another family": lambda: sign(headers={"kid": "ec"}),
    "expired": lambda: sign(iat=int(time.time()) - 900, exp=int(time.time()) - 120),
    "not yet issued": lambda: sign(iat=int(time.time()) + 300),
    "not yet valid": lambda: sign(nbf=int(time.time()) + 300),
    "another audience": lambda: sign(aud="shop"),
    "another issuer": lambda: sign(iss="https://evil.example"),
    "too long a life": lambda: sign(exp=int(time.time()) + 86_400),
    "a life in words": lambda: sign(exp=str(int(time.time()) + 600)),
    "no role": lambda: sign(registry_role=None),
    "a role of elsewhere": lambda: sign(registry_role="root"),
    "the role public": lambda: sign(registry_role="public"),
    "a role that is no text": lambda: sign(registry_role=["admin"]),
    "places that are no list": lambda: sign(registry_places="T1"),
    "places that are no text": lambda: sign(registry_places=[1]),
    "not a token": lambda: "a.b.c",
    "nothing": lambda: "",
} | {
    f"no {name}": lambda name=name: sign(**{name: None})
    for name in ("exp", "iat", "sub", "aud", "iss", "jti")
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_token_is_refused(provider: IdentityProvider, what: str) -> None:
    with pytest.raises(Unauthenticated):
        provider.actor_of(BAD[what]())


async def test_clocks_may_differ_by_a_minute(provider: IdentityProvider) -> None:
    provider.actor_of(sign(iat=int(time.time()) + 50))
    provider.actor_of(sign(iat=int(time.time()) - 300, exp=int(time.time()) - 50))


async def test_a_token_is_not_replayed_after_its_end(provider: IdentityProvider) -> None:
    token = sign(iat=int(time.time()) - 300, exp=int(time.time()) - 58)
    provider.actor_of(token)

    def is_refused() -> bool:
        try:
            provider.actor_of(token)
        except Unauthenticated:
            return True
        return False

    await until(is_refused, within_s=2.5)


def show(settings: Settings, keys: str) -> None:
    """Have the provider show these keys from now on."""
    Path(settings.oidc_jwks or "").write_text(keys)


async def test_a_withdrawn_key_ends_its_tokens_and_a_lost_provider_ends_none(
    provider: IdentityProvider, settings: Settings
) -> None:
    token = sign()
    provider.actor_of(token)
    show(settings, "not json")
    assert not await provider.refresh()
    provider.actor_of(token)
    show(settings, json.dumps(key_set("ec")))
    assert await provider.refresh()
    with pytest.raises(Unauthenticated):
        provider.actor_of(token)


async def test_the_application_takes_tokens_beside_keys(new_url: str, settings: Settings) -> None:
    app = create_app(settings, as_role(new_url))
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:

        async def is_taken() -> bool:
            answer = await client.get("/v1/approvals", headers={"Authorization": f"Bearer {sign()}"})
            return answer.status_code == 200

        await until(is_taken)
        viewer = {"Authorization": f"Bearer {sign(registry_role='viewer')}"}
        assert (await client.get("/v1/approvals", headers=viewer)).status_code == 403
        for scheme in ("Basic", "Token"):
            told = {"Authorization": f"{scheme} {sign()}"}
            assert (await client.get("/v1/approvals", headers=told)).status_code == 401
        forged = {"Authorization": f"Bearer {unsigned()}"}
        refused = await client.get("/v1/approvals", headers=forged)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.fixture
def new_url(new_database) -> str:
    return new_database()


def test_half_a_provider_is_refused() -> None:
    assert configured_provider(Settings()) is None
    with pytest.raises(SettingsError, match="belong together"):
        configured_provider(Settings(oidc_issuer="https://id.example"))
    with pytest.raises(SettingsError, match="https"):
        configured_provider(Settings(oidc_issuer="i", oidc_audience="a", oidc_jwks="http://id.example/keys"))

"""Machine keys over HTTP: who is let in, who is not, and what each then sees."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import asyncpg
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.app import create_app
from registry.domain.access.credential import new_token
from registry.domain.access.pepper import Peppers
from registry.domain.errors import Conflict, NotFound, Unauthenticated
from registry.runtime import database
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.access import key_authenticator, keys
from registry.services.access.key_authenticator import KeyAuthenticator
from registry.store.access.keys import find
from registry.store.database.pool import Reader, Writer, reading
from tests.api.conftest import PEPPER, Signed
from tests.builders import a_place, a_resource

PAST = datetime(2020, 1, 1, tzinfo=UTC)
Client = AsyncTestClient[Litestar]


async def seen(client: Client, headers: dict[str, str] | None = None) -> set[str]:
    answer = await client.get("/v1/resources", headers=headers)
    assert answer.status_code == 200, answer.text
    return {feature["properties"]["name"]["en"] for feature in answer.json()["features"]}


async def test_a_caller_is_told_its_role_and_its_places(
    client: Client, stored: Writer, signed: Signed
) -> None:
    await a_place(stored, "T1")
    assert (await client.get("/v1/me")).json() == {"id": "anonymous", "role": "public", "places": None}
    told = (await client.get("/v1/me", headers=await signed("field", "T1"))).json()
    assert (told["role"], told["places"]) == ("field", ["T1"])
    assert (await client.get("/v1/me", headers={"Authorization": "Bearer reg_wrong"})).status_code == 401


async def test_exercises_are_listed_to_those_who_see_something_of_them(
    client: Client, stored: Writer, signed: Signed
) -> None:
    await a_place(stored, "T1")
    await a_resource(stored, "shelter", 106.6, 29.0, place="T1", exercise="open-drill")
    await a_resource(stored, "shelter", 106.6, 29.0, place="T1", exercise="secret", visibility="restricted")
    assert (await client.get("/v1/exercises")).json() == {"exercises": ["open-drill"], "ended": []}
    planner = await client.get("/v1/exercises", headers=await signed("planner"))
    assert planner.json() == {"exercises": ["open-drill", "secret"], "ended": []}


async def test_each_role_sees_what_it_is_cleared_for(client: Client, stored: Writer, signed: Signed) -> None:
    await a_place(stored, "D")
    await a_place(stored, "T1", "D")
    await a_place(stored, "T2", "D")
    for visibility in ("public", "internal", "restricted"):
        for town in ("T1", "T2"):
            name = {"en": f"{visibility} {town}"}
            await a_resource(stored, visibility=visibility, place=town, name=name)
    shown = {f"{visibility} {town}" for visibility in ("public", "internal") for town in ("T1", "T2")}
    assert await seen(client) == {"public T1", "public T2", "Shelter"}, "an internal one by its kind alone"
    assert await seen(client, await signed("viewer")) == shown
    assert await seen(client, await signed("field", "T1")) == shown | {"restricted T1"}
    assert await seen(client, await signed("field", "D")) == shown | {"restricted T1", "restricted T2"}
    assert await seen(client, await signed("field")) == shown
    assert await seen(client, await signed("planner")) == shown | {"restricted T1", "restricted T2"}


@pytest.mark.parametrize(
    "credential",
    [
        f"Bearer {new_token()}",
        "Bearer",
        "Bearer reg_00000000_short",
        f"Basic {new_token()}",
        f"Bearer  {new_token()}",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 5000,
    ],
    ids=str.split("unknown empty short basic two_spaces no_text long"),
)
async def test_a_credential_that_is_not_ours_is_refused(client: Client, credential: str) -> None:
    for path in ("/v1/resources", "/v1/places", "/no/such/route"):
        answer = await client.get(path, headers={"Authorization": credential.encode("latin-1")})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_the_right_id_with_another_secret_is_refused(client: Client, signed: Signed) -> None:
    header = (await signed("viewer"))["Authorization"]
    forged = header[:-1] + ("A" if header[-1] != "A" else "B")
    assert (await client.get("/v1/resources", headers={"Authorization": header})).status_code == 200
    assert (await client.get("/v1/resources", headers={"Authorization": forged})).status_code == 401


async def test_an_expired_key_is_refused(client: Client, signed: Signed) -> None:
    headers = await signed("admin", expires_at=PAST)
    assert (await client.get("/v1/resources", headers=headers)).status_code == 401


@pytest.fixture
def own_url(new_database) -> str:
    """A database without a key."""
    return new_database()


@pytest.fixture
async def reader(own_url: str) -> AsyncIterator[Reader]:
    async with reading(Settings(pool_size=2), as_role(own_url)) as opened:
        yield opened


def authenticator(reader: Reader, cache_s: float) -> KeyAuthenticator:
    return KeyAuthenticator(reader, Peppers(PEPPER.encode()), cache_s)


async def a_key(url: str, expires_at: datetime | None = None) -> str:
    async with database.writing(url) as writer:
        given = {"holder": "post", "role": "viewer", "now": datetime.now(UTC), "expires_at": expires_at}
        return await keys.create_key(writer, PEPPER.encode(), **given)


class Tomorrow(datetime):
    """The clock of the next day."""

    @classmethod
    def now(cls, tz=None) -> datetime:
        return datetime.now(tz) + timedelta(days=1)


async def test_a_key_that_expires_is_refused_although_it_was_believed(
    own_url: str, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = authenticator(reader, cache_s=300)
    token = await a_key(own_url, datetime.now(UTC) + timedelta(hours=1))
    assert (await keeper.actor_of(token)).role == "viewer"
    monkeypatch.setattr(key_authenticator, "datetime", Tomorrow)
    with pytest.raises(Unauthenticated):
        await keeper.actor_of(token)


async def test_a_revoked_key_is_believed_no_longer_than_the_setting(
    own_url: str, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = authenticator(reader, cache_s=300)
    token = await a_key(own_url)
    assert (await keeper.actor_of(token)).id == "key:post"
    async with database.writing(own_url) as writer:
        await keys.revoke_key(writer, token[4:12])
    assert (await keeper.actor_of(token)).id == "key:post"
    monkeypatch.setattr(key_authenticator, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 301))
    with pytest.raises(Unauthenticated):
        await keeper.actor_of(token)


async def test_the_last_use_is_written_down(own_url: str, reader: Reader) -> None:
    keeper = authenticator(reader, cache_s=10)
    token = await a_key(own_url)
    await keeper.actor_of(token)
    await keeper.record_uses()
    [key] = await keys.list_keys(reader)
    assert key.last_used_at is not None


async def test_without_anonymous_only_health_answers(own_url: str) -> None:
    settings = Settings(pool_size=2, key_pepper=PEPPER, anonymous=False)
    async with AsyncTestClient(create_app(settings, as_role(own_url)), base_url="http://127.0.0.1") as client:
        assert (await client.get("/health/live")).status_code == 200
        for path in ("/v1/resources", "/v1/places", "/docs", "/docs/openapi.json"):
            assert (await client.get(path)).status_code == 401, path


async def test_two_keys_while_rotating_and_no_third(writer: Writer, conn: asyncpg.Connection) -> None:
    secret, now = PEPPER.encode(), datetime.now(UTC)
    await a_place(writer, "T1")
    first = await keys.create_key(writer, secret, holder="team", role="field", places=["T1"], now=now)
    second = await keys.rotate_key(writer, secret, "team", now=now)
    for token in (first, second):
        key = await find(writer, Peppers(secret), token)
        assert key is not None
        assert (key.role, key.places) == ("field", ["T1"])
    with pytest.raises(Conflict, match="two active"):
        await keys.rotate_key(writer, secret, "team", now=now)
    await keys.revoke_key(writer, first[4:12])
    await keys.rotate_key(writer, secret, "team", now=now)
    kept = await conn.fetch("SELECT * FROM api_key")
    assert not [row for row in kept if first in repr(row) or second[13:] in repr(row)]


async def test_what_cannot_be_made_says_why(writer: Writer) -> None:
    secret, now = PEPPER.encode(), datetime.now(UTC)
    with pytest.raises(NotFound, match="place nowhere"):
        await keys.create_key(writer, secret, holder="x", role="field", places=["nowhere"], now=now)
    with pytest.raises(NotFound, match="active key"):
        await keys.rotate_key(writer, secret, "nobody", now=now)
    with pytest.raises(NotFound, match="active key"):
        await keys.revoke_key(writer, "00000000")


async def test_another_pepper_accepts_nothing(writer: Writer) -> None:
    token = await keys.create_key(writer, b"one", holder="x", role="viewer", now=datetime.now(UTC))
    assert await find(writer, Peppers(b"two"), token) is None
    assert await find(writer, Peppers(b"one"), token) is not None


async def test_an_operator_may_choose_the_administrators_key(writer: Writer) -> None:
    token = new_token()
    for _ in range(2):
        await keys.put_admin_key(writer, b"one", token)
    key = await find(writer, Peppers(b"one"), token)
    assert key is not None
    assert key.role == "admin"

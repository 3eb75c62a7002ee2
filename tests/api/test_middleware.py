"""The middleware: headers, limits, lanes, deadlines, the log and the audit."""

import asyncio
import json
from collections.abc import AsyncIterator

import asyncpg
import pytest
import structlog
from litestar import Litestar
from litestar.testing import AsyncTestClient
from litestar.types import Receive

from registry.api.http.access import limits
from registry.api.http.access.admission import lane_of
from registry.api.http.access.client_address import TrustedProxies
from registry.api.http.access.limits import RateLimit
from registry.api.http.body_timeout import BodyTooSlow, timed
from registry.app import create_app
from registry.domain.access.actor import Actor
from registry.domain.errors import TooMany
from registry.domain.identity import new_id
from registry.runtime.database import as_role
from registry.runtime.settings import Settings, SettingsError
from registry.store import jobs
from registry.store.database.pool import Writer
from tests.api.conftest import PEPPER, Signed
from tests.builders import a_resource
from tests.waiting import until

Client = AsyncTestClient[Litestar]


async def test_every_answer_carries_the_headers(client: Client, signed: Signed) -> None:
    viewer = await signed("viewer")
    for path in ("/v1/resources", "/v1/resources?bad=1", "/no/such/route", "/health/live"):
        answer = await client.get(path, headers=viewer)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Referrer-Policy"] == "no-referrer", path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["Cache-Control"].startswith("private"), path
        assert "Authorization" in answer.headers["Vary"], path
        assert len(answer.headers["X-Request-Id"]) >= 8, path
    assert "Strict-Transport-Security" not in answer.headers
    page = await client.get("/docs")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


async def test_a_request_id_is_kept_when_it_is_a_word_and_told_in_problems(client: Client) -> None:
    kept = await client.get("/v1/resources?bad=1", headers={"X-Request-Id": "proxy-0001"})
    assert kept.headers["X-Request-Id"] == "proxy-0001"
    assert kept.json()["request_id"] == "proxy-0001"
    for bad in ("short", "two words and more", "x" * 65, 'a"b,c;d{e}f'):
        answer = await client.get("/health/live", headers={"X-Request-Id": bad})
        assert answer.headers["X-Request-Id"] != bad


@pytest.fixture
def own_url(new_database) -> str:
    return new_database()


@pytest.fixture
async def limited(own_url: str) -> AsyncIterator[Client]:
    settings = Settings(pool_size=2, key_pepper=PEPPER, units_per_minute=30, trusted_proxies="192.0.2.1")
    async with AsyncTestClient(
        create_app(settings, as_role(own_url)), raise_server_exceptions=False
    ) as opened:
        yield opened


async def test_units_run_out_and_the_headers_say_so(limited: Client) -> None:
    answers = [await limited.get("/v1/resources") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    first, last = answers[0], answers[-1]
    assert first.headers["RateLimit-Policy"] == '"units";q=30;w=60'
    assert first.headers["RateLimit"].startswith('"units";r=29;t=')
    assert 1 <= int(last.headers["Retry-After"]) <= 60
    assert last.json()["type"].endswith("too-many")
    assert last.headers["RateLimit"].startswith('"units";r=0;')
    assert "max-age" in last.headers["Strict-Transport-Security"]


async def test_what_costs_more_takes_more(limited: Client) -> None:
    answer = await limited.get("/v1/coverage", params={"place": "x"})
    assert answer.headers["RateLimit"].startswith('"units";r=10;')
    assert (await limited.get("/v1/coverage", params={"place": "x"})).status_code == 429
    assert (await limited.get("/v1/resources")).status_code == 200


BIG = {
    "/v1/proximity/batch": {"origins": [{"lon": 106.5, "lat": 29.0}] * 1000},
    "/v1/proximity/alert-area": {"info": [{"area": [{"circle": [f"29.{n},106.5 3" for n in range(5000)]}]}]},
    "/v1/proximity/within": {"area": {"type": "Polygon", "coordinates": [[[106.5, 29.0]] * 10_000]}},
}


@pytest.mark.parametrize("path", BIG)
async def test_a_body_is_paid_by_its_size_before_it_is_read(limited: Client, path: str) -> None:
    before = (await limited.get("/v1/resources")).headers["RateLimit"]
    assert before.startswith('"units";r=29;')
    answer = await limited.post(path, json=BIG[path])
    if limits.size_cost(json.dumps(BIG[path]).encode()) > 28:
        assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (429, "too-many")
    else:
        left = 28 - limits.size_cost(json.dumps(BIG[path]).encode())
        assert answer.headers["RateLimit"].startswith(f'"units";r={left};')


async def test_an_alert_of_thirty_thousand_circles_is_refused(client: Client) -> None:
    areas = [{"circle": [f"29.{n:05},106.5 {1 + n % 7}"]} for n in range(200)]
    info = [{"area": [{"circle": [f"{lat}.{n:03},106.5 3" for n in range(200)]} for lat in range(20, 30)]}]
    refused = await client.post("/v1/proximity/alert-area", json={"info": info})
    assert refused.status_code == 422
    assert "at most 1000 are taken" in refused.json()["detail"]
    assert (
        await client.post("/v1/proximity/alert-area", json={"info": [{"area": areas}]})
    ).status_code == 200


async def test_guessing_keys_is_slow(limited: Client) -> None:
    guess = {"Authorization": "Bearer reg_00000000_" + "A" * 43}
    answers = [await limited.get("/v1/resources", headers=guess) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]


def test_a_bucket_refills_evenly_and_each_caller_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    buckets = RateLimit(60)
    assert buckets.charge("a", 60) == 0
    assert buckets.charge("b", 1) == 59
    with pytest.raises(TooMany) as refused:
        buckets.charge("a", 10)
    assert refused.value.retry_after_s == 11
    now += 10
    assert buckets.charge("a", 10) == 0
    now += 3600
    assert buckets.left("a") == 60


def test_the_buckets_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BUCKETS", 100)
    buckets = RateLimit(60)
    for number in range(1000):
        buckets.charge(f"caller {number}", 60)
    assert len(buckets._levels) <= 100
    assert buckets.left("caller 999") < 1


@pytest.mark.parametrize(
    ("role", "cost", "lane"),
    [
        ("public", 1, "public"),
        ("public", 100, "public"),
        ("viewer", 1, "field"),
        ("field", 20, "planner"),
        ("planner", 1, "command"),
        ("admin", 100, "planner"),
    ],
)
def test_who_waits_where(role, cost, lane) -> None:
    assert lane_of(Actor(id="x", role=role), cost) == lane


def costly(path: str) -> int:
    return limits.cost_of({"/v1/coverage": 20, "/v1/exports": 100}, path)


def test_a_cost_holds_for_all_below_its_path() -> None:
    assert costly("/v1/coverage") == 20
    assert costly("/v1/coverage/gaps/") == 20
    assert costly("/v1/exports/csv") == 100
    assert costly("/v1/resources") == costly("/") == costly("") == costly("/v1/coverages") == 1


async def to_its_end(receive: Receive) -> None:
    while (await receive())["more_body"]:
        pass


async def test_a_slow_body_is_given_up() -> None:
    sent = 0

    async def trickle() -> dict:
        nonlocal sent
        await asyncio.sleep(0.04)
        sent += 1
        return {"type": "http.request", "body": b"x", "more_body": True}

    receive = timed(trickle, {"method": "POST"}, 0.2)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(BodyTooSlow):
        await to_its_end(receive)
    assert asyncio.get_running_loop().time() - begun > 0.15
    assert sent < 25, "a second's worth"


async def test_a_body_at_a_kilobyte_a_second_may_go_on() -> None:
    sent = 0

    async def steady() -> dict:
        nonlocal sent
        await asyncio.sleep(0.05)
        sent += 1
        return {"type": "http.request", "body": b"x" * 512, "more_body": sent < 10}

    receive = timed(steady, {"method": "PUT"}, 0.1)
    await to_its_end(receive)
    assert sent == 10


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("10.0.0.2", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.2", "192.0.2.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.2", "203.0.113.9, 10.0.0.3", "203.0.113.9"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "nonsense", "10.0.0.2"),
    ],
)
def test_only_a_trusted_proxy_says_where_a_request_comes_from(peer, forwarded, client) -> None:
    proxies = TrustedProxies("10.0.0.0/8")
    assert proxies.client({"client": (peer, 1)}, {b"x-forwarded-for": forwarded.encode()}) == client


def test_other_sites_are_named_one_by_one() -> None:
    with pytest.raises(SettingsError, match="CORS"):
        create_app(Settings(cors_origins="*"), "postgresql://nowhere")


async def test_the_log_tells_who_changed_what_and_no_secret(
    client: Client, signed: Signed, stored: Writer
) -> None:
    officer = await signed("field")
    with structlog.testing.capture_logs() as lines:
        await client.post(
            "/v1/approvals", json={"changes": 5, "reason": "canary-in-the-body"}, headers=officer
        )
        await client.get("/v1/resources?q=canary-in-the-query", headers=officer)
        await client.get("/v1/resources", headers={"Authorization": "Bearer canary-credential"})
    [line] = [line for line in lines if line["event"] == "request"]
    assert line["method"] == "POST"
    assert line["status"] == 201
    assert line["actor"].startswith("key:field-")
    assert line["request_id"]
    text = json.dumps(lines, default=str)
    assert "canary" not in text
    assert officer["Authorization"].split("_", 2)[2] not in text


async def audited(connection: asyncpg.Connection, action: str, target: str) -> list[asyncpg.Record]:
    query = "SELECT * FROM audit WHERE action = $1 AND target LIKE $2 ORDER BY seq"
    rows: list[asyncpg.Record] = await until(lambda: connection.fetch(query, action, f"%{target}%"))
    return rows


async def test_who_read_what_is_restricted_is_written_down(
    client: Client, signed: Signed, stored: Writer, api_url: str
) -> None:
    secret = await a_resource(stored, visibility="restricted")
    open_one = await a_resource(stored, lon=106.7)
    planner, admin = await signed("planner"), await signed("admin")
    for identity in (open_one, secret):
        await client.get(f"/v1/resources/{identity}", headers=planner)
        await client.get(f"/v1/resources/{identity}")
    await client.get("/v1/audit", headers=planner)
    connection = await asyncpg.connect(api_url)
    [read] = await audited(connection, "read", str(secret))
    assert read["actor"].startswith("key:planner-")
    assert read["status"] == 200
    assert not await connection.fetch("SELECT FROM audit WHERE target LIKE $1", f"%{open_one}%")
    [refused] = await audited(connection, "refused", "/v1/audit")
    assert refused["role"] == "planner"
    await connection.close()
    told = await client.get("/v1/audit", params={"actor": read["actor"], "action": "read"}, headers=admin)
    assert [trace["target"] for trace in told.json()["traces"]] == [f"GET /v1/resources/{secret}"]


async def test_who_dismissed_a_job_is_written_down(
    client: Client, signed: Signed, stored: Writer, api_url: str
) -> None:
    identity = new_id(3)
    values = {"id": identity, "process": "gaps", "owner": "somebody else", "estimate_s": 5.0, "task": None}
    await jobs.insert(stored, values)
    gone = await client.delete(f"/v1/jobs/{identity}", headers=await signed("admin"))
    assert gone.json()["status"] == "dismissed"
    connection = await asyncpg.connect(api_url)
    [change] = await audited(connection, "change", f"/v1/jobs/{identity}")
    assert change["role"] == "admin"
    await connection.close()


async def test_the_audit_pages_backwards(client: Client, signed: Signed, api_url: str) -> None:
    admin, planner = await signed("admin"), await signed("planner")
    for number in range(5):
        await client.get("/v1/audit", params={"limit": 10 + number}, headers=planner)
    connection = await asyncpg.connect(api_url)
    await audited(connection, "refused", "/v1/audit?limit=14")
    await connection.close()
    whole = await client.get("/v1/audit", params={"action": "refused"}, headers=admin)
    expected = [trace["target"] for trace in whole.json()["traces"]]
    assert len(expected) >= 5
    seen, url = [], "/v1/audit?action=refused&limit=2"
    while url:
        page = (await client.get(url, headers=admin)).json()
        seen += [trace["target"] for trace in page["traces"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert seen == expected


async def test_the_audit_is_only_added_to(conn: asyncpg.Connection) -> None:
    for statement in ("DELETE FROM audit", "UPDATE audit SET actor = 'x'", "TRUNCATE audit"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with conn.transaction():
                await conn.execute(statement)


async def test_a_file_is_an_export_whoever_takes_it(limited: Client, own_url: str) -> None:
    url = "/ogc/collections/shelters/items"
    asked = await limited.get(url, params={"f": "csv"})
    assert asked.status_code == 429, "a hundred units are more than thirty"
    assert (await limited.get(url, headers={"Accept": "application/flatgeobuf"})).status_code == 429
    assert (await limited.get(url, params={"f": "json"})).status_code == 200


async def test_who_takes_a_file_is_written_down(client: Client, signed: Signed, api_url: str) -> None:
    url = "/ogc/collections/shelters/items?f=csv&bbox=1,2,3,4"
    assert (await client.get(url, headers=await signed("viewer"))).status_code == 200
    connection = await asyncpg.connect(api_url)
    [export] = await audited(connection, "export", "bbox=1,2,3,4")
    assert export["role"] == "viewer"
    await connection.close()

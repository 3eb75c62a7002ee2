"""An answer says that a change stands only after it does: a COMMIT that fails is never a success."""

import asyncpg
import pytest

from tests.api.test_writes import SHELTER, URL, created

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'refused at the end' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON change_log
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
"""
BREAK = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM pg_terminate_backend(pg_backend_pid());
  RETURN NULL;
END $$;
CREATE TRIGGER refuse_at_commit AFTER INSERT ON change_log FOR EACH ROW EXECUTE FUNCTION refuse();
"""
ALLOW = "DROP TRIGGER IF EXISTS refuse_at_commit ON change_log; DROP FUNCTION IF EXISTS refuse()"


@pytest.fixture
async def owner(api_url: str, stored):
    connection = await asyncpg.connect(api_url)
    yield connection
    await connection.execute(ALLOW)
    await connection.close()


async def test_a_commit_that_fails_is_no_success_and_leaves_nothing(client, owner, signed) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner)
    path = f"{URL}/{identity}"
    await owner.execute(REFUSE)
    answers = [
        await client.post(URL, json=SHELTER, headers=planner | {"Idempotency-Key": "C1"}),
        await client.patch(path, json={"properties": {"note": "n"}}, headers=planner | {"If-Match": etag}),
        await client.delete(path, params={"reason": "r"}, headers=planner | {"If-Match": etag}),
        await client.post(f"{path}/verification", json={"how": "seen"}, headers=planner),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert await owner.fetchval("SELECT count(*) FROM change_log") == 1
    assert await owner.fetchval("SELECT count(*) FROM resource") == 1
    assert await owner.fetchval("SELECT count(*) FROM resource_past") == 0
    assert await owner.fetchval("SELECT count(*) FROM idempotency") == 0
    await owner.execute(ALLOW)
    retried = await client.post(URL, json=SHELTER, headers=planner | {"Idempotency-Key": "C1"})
    assert retried.status_code == 201
    assert "idempotent-replay" not in retried.headers


async def test_a_connection_that_dies_in_a_change_is_a_503_that_says_when_to_retry(
    client, owner, signed
) -> None:
    planner = await signed("planner")
    await owner.execute(BREAK)
    broken = await client.post(URL, json=SHELTER, headers=planner | {"Idempotency-Key": "C2"})
    assert broken.status_code == 503, broken.text
    assert int(broken.headers["retry-after"]) >= 1
    assert broken.headers["content-type"] == "application/problem+json"
    await owner.execute(ALLOW)
    retried = await client.post(URL, json=SHELTER, headers=planner | {"Idempotency-Key": "C2"})
    assert retried.status_code == 201
    assert await owner.fetchval("SELECT count(*) FROM resource") == 1

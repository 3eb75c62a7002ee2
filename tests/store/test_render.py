"""Rows and texts are made from the logged members: check finds what differs, render makes it again."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from msgspec import structs

from registry.domain.records.change import Change, next_version, patched, retired
from registry.domain.records.resource import Resource
from registry.runtime import database
from registry.services.records.check import check
from registry.services.records.render import RenderedVersions, render
from registry.services.seeding import seed
from registry.store.database.pool import Writer
from registry.store.records import changes, versions
from registry.store.sync import hash_chain
from tests.builders import NOW, a_place, make

ROOT = Path(__file__).parents[2]
PEPPER = "a pepper that only the tests have"
KEY = PEPPER.encode()
RING = [[106.6, 29.0], [106.7, 29.0], [106.7, 29.1], [106.6, 29.1], [106.6, 29.0]]
WATCH = {"watch_radius_m": 5000, "sector": {"from_deg": 10, "to_deg": 90}}
WATCH |= {"footprint": {"type": "Polygon", "coordinates": [RING]}}
SEEN = {"coordinates": [106.7, 29.1], "at": "2026-01-01T20:00:00+08:00", "accuracy_m": 30}
LINE = {"item_code": "1010101", "name": {"zh": "帐篷"}, "quantity": 8, "counted_at": "2026-01-01T09:00:00Z"}
RECORDS = [
    make("shelter", capacity_persons=300, hazards=[{"code": "flood"}], place="town", area_m2=12.5),
    make("shelter", visibility="internal", quality="approximate", uncertainty_m=250.5, datum="gcj02"),
    make(
        "shelter",
        None,
        quality="candidate_places",
        candidate_places=["town"],
        valid_from="2026-02-01T00:00:00Z",
    ),
    make(
        "rescue_team", specialties=[{"code": "mine"}], personnel=12, last_seen=SEEN, visibility="restricted"
    ),
    make("fire_watch_point", **WATCH),
    make("supply_depot", stock=[LINE], external_ids=[{"system": "erp", "id": "7"}], exercise="drill"),
]


async def store(writer: Writer) -> list[Resource]:
    """Records of every kind, each with a past version; the last two changes replace parts and retire."""
    await a_place(writer, "town")
    change = Change(verb="update", actor="somebody", at=NOW, reason="a|b")
    current = []
    for record in RECORDS:
        await changes.insert(writer, record, structs.replace(change, verb="create", actor="test"))
        following = next_version(record, patched(record, {"properties": {"note": "later"}}), NOW)
        await changes.amend(writer, record, following, change)
        current.append(following)
    fewer = next_version(current[-1], patched(current[-1], {"properties": {"stock": []}}), NOW)
    await changes.amend(writer, current[-1], fewer, change)
    gone = next_version(current[0], retired(current[0]), NOW)
    await changes.amend(writer, current[0], gone, change)
    return current


@pytest.fixture
async def filled(writer: Writer) -> Writer:
    await store(writer)
    return writer


async def rendered(writer: Writer) -> RenderedVersions:
    @asynccontextmanager
    async def same() -> AsyncIterator[Writer]:
        yield writer

    return await render(same)


async def test_what_was_written_is_what_its_members_make(filled: Writer) -> None:
    assert await check(filled, KEY) == []
    assert await rendered(filled) == RenderedVersions(14, 0, 0, [])


async def test_seeds_and_demonstration_are_what_their_members_make(writer: Writer) -> None:
    await seed.seed_if_new(writer)
    assert await check(writer, KEY) == []


DERIVED = {
    "text": ("UPDATE resource SET feature = replace(feature, '300', '900')", "feature"),
    "text of an unknown form": ("UPDATE resource SET feature = '{}' WHERE kind = 'shelter'", "feature"),
    "public text": (
        "UPDATE resource SET public_feature = replace(public_feature, 'internal', 'public')",
        "public_feature",
    ),
    "column": ("UPDATE resource SET capacity_persons = 900 WHERE capacity_persons = 300", "capacity_persons"),
    "position": (
        "UPDATE resource SET geom = ST_Translate(geom, 0.0000001, 0) WHERE kind = 'fire_watch_point'",
        "geom",
    ),
    "actor": ("UPDATE resource SET updated_by = 'nobody'", "updated_by"),
    "stock": (
        "INSERT INTO stock_line SELECT realm, id, 0, 'x', 'y', 3 FROM resource WHERE kind = 'supply_depot'",
        "",
    ),
    "external identity": ("UPDATE external_id SET id = '8'", "external ids"),
    "flat feature": ("UPDATE flat_feature SET feature = replace(feature, '300', '900')", "flat feature"),
    "text of the past": ("UPDATE resource_past SET feature = replace(feature, '300', '900')", "feature"),
    "column of the past": ("UPDATE resource_past SET visibility = 'public'", "visibility"),
}


@pytest.mark.parametrize("harm", DERIVED)
async def test_what_is_derived_is_compared_and_made_again(filled: Writer, conn, harm: str) -> None:
    statement, words = DERIVED[harm]
    await conn.execute("ALTER TABLE resource_past DISABLE TRIGGER append_only")
    assert int((await conn.execute(statement)).rpartition(" ")[2]) > 0
    await conn.execute("ALTER TABLE resource_past ENABLE TRIGGER append_only")
    faults = await check(filled, KEY)
    assert faults
    assert not [fault for fault in faults if f"{words} is not what its members make" not in fault]
    made = await rendered(filled)
    assert (made.versions, made.rewritten, made.faults) == (14, len(faults), [])
    assert await check(filled, KEY) == []
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await conn.execute("UPDATE resource_past SET feature = ''")


LATER_SCHEMA = """
UPDATE change_log SET members = later, digest = sha256(convert_to(later, 'UTF8'))
  FROM (SELECT xid, seq, replace(members, '"schema":1', '"schema":2') AS later FROM change_log) l
 WHERE (change_log.xid, change_log.seq) = (l.xid, l.seq)
"""
LOGGED = {
    "member": (
        "UPDATE change_log SET members = replace(members, '300', '900')",
        "not those that were logged",
    ),
    "digest": ("UPDATE change_log SET digest = ''::bytea WHERE version = 2", "not those that were logged"),
    "line": ("DELETE FROM change_log WHERE version = 1", "is in no line of the log"),
    "version": ("DELETE FROM resource_past WHERE version = 1", "is logged but not stored"),
    "schema": (LATER_SCHEMA, "cannot read"),
}


@pytest.mark.parametrize("harm", LOGGED)
async def test_what_was_logged_is_verified_and_never_made_up(filled: Writer, conn, harm: str) -> None:
    statement, words = LOGGED[harm]
    for table in ("change_log", "resource_past"):
        await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    await conn.execute(statement)
    for table in ("change_log", "resource_past"):
        await conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
    faults = await check(filled, KEY)
    assert faults
    assert not [fault for fault in faults if words not in fault]
    made = await rendered(filled)
    assert made.rewritten == 0
    assert await check(filled, KEY) == faults


@pytest.fixture
def empty_url(new_database) -> str:
    """A database of the test's own."""
    url: str = new_database()
    return url


async def test_render_goes_on_after_a_stop(empty_url: str, monkeypatch) -> None:
    url = empty_url
    monkeypatch.setattr(versions, "AT_ONCE", 3)
    async with database.writing(url) as writer:
        await store(writer)
    async with database.writing(url) as writer:
        await writer._connection.execute("UPDATE resource SET updated_by = 'nobody'")
    seen: list[tuple[int, int]] = []

    class Stop(Exception):
        pass

    def stop(_: str, done: int, total: int) -> None:
        seen.append((done, total))
        raise Stop

    with pytest.raises(Stop):
        await render(lambda: database.writing(url), stop)
    assert seen == [(3, 14)]
    made = await render(lambda: database.writing(url))
    assert (made.versions, made.rewritten) == (14, 3)
    async with database.writing(url) as writer:
        assert await check(writer, KEY) == []


def later_release(folder: Path) -> Path:
    """A copy of this release in which a shelter says whether it is heated."""
    shutil.copytree(ROOT / "registry", folder / "registry", ignore=shutil.ignore_patterns("__pycache__"))
    for beside in ("migrations", "seeds"):
        if (ROOT / beside).exists():
            (folder / beside).symlink_to(ROOT / beside)
    module = folder / "registry" / "domain" / "records" / "resource.py"
    text, field = module.read_text(), "    hours: ShortText | None = None\n"
    assert text.count(field) == 1
    module.write_text(text.replace(field, f"{field}    heated: bool = False\n"))
    return folder


def test_a_later_release_answers_with_its_new_field(empty_url: str, tmp_path: Path) -> None:
    url, release = empty_url, later_release(tmp_path)

    async def fill() -> None:
        async with database.writing(url) as writer:
            await store(writer)
        async with database.writing(url) as writer:
            assert await hash_chain.seal(writer, KEY) == 14

    async def told() -> tuple:
        connection = await asyncpg.connect(url)
        log = await connection.fetch("SELECT * FROM change_log ORDER BY xid, seq")
        rows = await connection.fetch("SELECT id, version, updated_at FROM resource ORDER BY id")
        past = await connection.fetch(
            "SELECT id, version, superseded_at FROM resource_past ORDER BY id, version"
        )
        texts = await connection.fetch(
            "SELECT feature FROM resource WHERE kind = 'shelter' UNION ALL"
            " SELECT coalesce(public_feature, feature) FROM resource_past WHERE kind = 'shelter'"
        )
        await connection.close()
        return (log, rows, past), [row["feature"] for row in texts]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = {"DATABASE_URL": database.as_role(url), "REGISTRY_OWNER_URL": url}
        given |= {"REGISTRY_KEY_PEPPER": PEPPER, "PYTHONPATH": str(release)}
        command = [sys.executable, "-m", "registry", *arguments]
        return subprocess.run(
            command, env=os.environ | given, cwd=release, capture_output=True, text=True, timeout=300
        )

    asyncio.run(fill())
    before, texts = asyncio.run(told())
    assert len(texts) == 7
    assert not any("heated" in text for text in texts)
    outdated = run("check")
    assert outdated.returncode == 1
    assert "7 versions have the text of another release" in outdated.stdout, outdated.stdout
    made = run("render")
    assert made.returncode == 0, made.stderr
    assert "14 versions, 7 rewritten" in made.stdout
    after, texts = asyncio.run(told())
    assert after == before, "no version and no line of the log is new"
    assert all('"heated":false' in text for text in texts)
    checked = run("check")
    assert checked.returncode == 0, checked.stdout
    answer = run("nearest", "106.65", "29.03", "--kind", "shelter", "--json")
    assert '"heated":false' in answer.stdout, answer.stderr
    assert "0 rewritten" in run("render").stdout

"""Transactions are ordered as numbers: 1000 comes after 999."""

from registry.domain.records.change import Change, new_version
from registry.store.database.pool import Reader, SnapshotReader, Writer
from registry.store.records import changes
from registry.store.sync import feed
from tests.builders import NOW, make

CHANGE = Change(verb="create", actor="test", at=NOW)
LINE = """
realm, resource_id, kind, verb, visibility_after, gone_before, gone_after, digest, members, actor, via, at
"""
COPY = f"""
INSERT INTO change_log (xid, version, {LINE})
SELECT $1::text::xid8, $2, {LINE} FROM change_log WHERE version = 1
"""


async def test_the_last_change_is_the_last_by_number(writer: Writer, conn) -> None:
    await changes.insert(writer, new_version(make(), NOW), CHANGE)
    for xid, version in (("2", 2), ("10", 3), ("9", 4)):
        await conn.execute(COPY, xid, version)
    await conn.execute("ALTER TABLE change_log DISABLE TRIGGER append_only")
    await conn.execute("DELETE FROM change_log WHERE version = 1")
    reader: Reader = SnapshotReader(conn)
    assert (await feed.head(reader)).last.xid == 10

"""A keyed hash chain over the change log: it finds lines that were altered, dropped, moved or back-dated."""

import hashlib
import hmac
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from registry.domain.access.pepper import Peppers, pepper_id
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query

AT_ONCE = 2_000
_LINE = """
json_build_array(l.xid::text, l.seq, l.realm, l.resource_id, l.kind, l.version, l.verb, l.place_before,
                 l.place_after, l.visibility_before, l.visibility_after, l.gone_before, l.gone_after,
                 encode(l.digest, 'hex'), l.actor, l.via, l.reason, l.request_id,
                 extract(epoch FROM l.device_at), extract(epoch FROM l.at))::text
"""
"""A line as JSON, so that no text can pass for two columns. The digest stands for the members."""
CLAIM = Query(sa.text("SELECT pg_try_advisory_xact_lock(730511) AS mine"))
LAST = Query(
    sa.text(
        "SELECT n, upto_xid::text AS xid, upto_seq AS seq, changes, hash, sealed_at FROM history_seal"
        " ORDER BY n DESC LIMIT 1"
    )
)
LINES = Query(
    sa.text(
        "SELECT l.xid::text AS xid, l.seq, @line AS line FROM change_log l"
        " WHERE (l.xid, l.seq) > ((:xid)::text::xid8, :seq)"
        " AND l.xid < (SELECT registry_horizon())"
        " ORDER BY l.xid, l.seq LIMIT :limit".replace("@line", _LINE)
    )
)
SEAL = Query(
    sa.text(
        "INSERT INTO history_seal (n, upto_xid, upto_seq, changes, previous, hash, sealed_at, key_id)"
        " VALUES (:n, (:xid)::text::xid8, :seq, :changes, :previous, :hash, now(), :key_id)"
    )
)
SEALS = Query(
    sa.text(
        "SELECT n, upto_xid::text AS xid, upto_seq AS seq, changes, previous, hash, key_id FROM history_seal"
        " WHERE n > :after ORDER BY n LIMIT 500"
    )
)
SEALED_LINES = Query(
    sa.text(
        "SELECT @line AS line FROM change_log l WHERE (l.xid, l.seq) > ((:xid)::text::xid8, :seq)"
        " AND (l.xid, l.seq) <= ((:upto_xid)::text::xid8, :upto_seq)"
        " ORDER BY l.xid, l.seq".replace("@line", _LINE)
    )
)
UNSEALED = Query(
    sa.text("SELECT count(*) AS count FROM change_log l WHERE (l.xid, l.seq) > ((:xid)::text::xid8, :seq)")
)


class Head(NamedTuple):
    """The newest seal: its number, where it ends, how many changes all seals hold, and its hash."""

    n: int
    xid: str
    seq: int
    changes: int
    hash: bytes
    sealed_at: datetime | None


async def head(reader: Reader) -> Head:
    """The newest seal; number 0 before the first."""
    row = await reader.row(LAST, {})
    if row is None:
        return Head(0, "0", 0, 0, b"", None)
    return Head(row["n"], row["xid"], row["seq"], row["changes"], row["hash"], row["sealed_at"])


async def unsealed(reader: Reader, last: Head) -> int:
    """How many changes came after a seal."""
    row = await reader.row(UNSEALED, {"xid": last.xid, "seq": last.seq})
    return int(row["count"]) if row else 0


def _chain(key: bytes, previous: bytes, lines: list[str]) -> bytes:
    content = hashlib.sha256("\n".join(lines).encode()).digest()
    return hmac.digest(key, previous + content, "sha256")


async def seal(writer: Writer, pepper: bytes) -> int:
    """Seal what has settled since the last seal and say how many changes that were."""
    claimed = await writer.row(CLAIM, {})
    if claimed is None or not claimed["mine"]:
        return 0
    last = await head(writer)
    rows = await writer.rows(LINES, {"xid": last.xid, "seq": last.seq, "limit": AT_ONCE})
    if not rows:
        return 0
    sealed = {"n": last.n + 1, "xid": rows[-1]["xid"], "seq": rows[-1]["seq"], "previous": last.hash}
    sealed |= {"changes": last.changes + len(rows)}
    sealed |= {"hash": _chain(pepper, last.hash, [row["line"] for row in rows])}
    sealed |= {"key_id": pepper_id(pepper)}
    await writer.run(SEAL, sealed)
    return len(rows)


def _fault(seal: Row, previous: bytes, lines: list[str], peppers: Peppers) -> str | None:
    """What is wrong with a seal; one from before seals named their keys may be of any pepper."""
    by_id = peppers.by_id()
    keys = list(by_id.values()) if seal["key_id"] is None else [by_id.get(seal["key_id"])]
    if keys == [None]:
        return f"seal {seal['n']} was made with the pepper {seal['key_id']}, which this host does not have"
    if any(key is not None and _chain(key, previous, lines) == seal["hash"] for key in keys):
        return None
    return f"seal {seal['n']}: a change it holds was altered, dropped, moved or added"


async def verify(reader: Reader, peppers: Peppers) -> list[str]:
    """Seals whose lines or chain differ from what was sealed, in words."""
    faults: list[str] = []
    at, previous, count = {"xid": "0", "seq": 0}, b"", 0
    after = 0
    while seals := await reader.rows(SEALS, {"after": after}):
        for row in seals:
            upto = {"upto_xid": row["xid"], "upto_seq": row["seq"]}
            lines = [line["line"] for line in await reader.rows(SEALED_LINES, at | upto)]
            count += len(lines)
            if row["n"] != after + 1 or row["previous"] != previous or row["changes"] != count:
                faults.append(f"seal {row['n']} does not follow from the one before")
            elif fault := _fault(row, previous, lines, peppers):
                faults.append(fault)
            at, previous, after, count = (
                {"xid": row["xid"], "seq": row["seq"]},
                row["hash"],
                row["n"],
                row["changes"],
            )
    return faults

"""What the database holds afterwards, asked in SQL without any code of the registry."""

from collections import Counter
from typing import Any

import asyncpg

from tests.faults.ledger import Ledger
from tests.faults.load import QUANTITY

VERSIONS = (
    "SELECT id, version, feature FROM resource UNION ALL SELECT id, version, feature FROM resource_past"
)
HALVES = {
    "versions without a line in the log, or lines without a version": f"""
        SELECT count(*) FROM ({VERSIONS}) v FULL JOIN change_log c
            ON c.resource_id = v.id AND c.version = v.version
         WHERE v.id IS NULL OR c.resource_id IS NULL""",
    "versions whose text is not what the log signed": f"""
        SELECT count(*) FROM ({VERSIONS}) v JOIN change_log c
            ON c.resource_id = v.id AND c.version = v.version
         WHERE c.digest <> sha256(convert_to(c.members, 'UTF8'))
            OR c.members::jsonb - 'schema' <> v.feature::jsonb""",
    "resources with a gap in their versions": f"""
        SELECT count(*) FROM (SELECT id FROM ({VERSIONS}) v GROUP BY id
         HAVING min(version) <> 1 OR max(version) <> count(*)) broken""",
    "resources whose current version is not the last": """
        SELECT count(*) FROM resource r WHERE version <>
               (SELECT max(version) FROM change_log c WHERE c.resource_id = r.id)""",
    "resources whose text and columns disagree": """
        SELECT count(*) FROM resource
         WHERE (feature::jsonb -> 'properties' ->> 'version')::int <> version
            OR feature::jsonb -> 'properties' ->> 'lifecycle' <> lifecycle""",
    "stock lines that disagree with the text": """
        SELECT count(*) FROM
          (SELECT id, line ->> 'item_code' AS item, (line ->> 'quantity')::float8 AS quantity
             FROM resource, jsonb_array_elements(feature::jsonb -> 'properties' -> 'stock') line
            WHERE kind = 'supply_depot') told
          FULL JOIN stock_line s ON s.resource_id = told.id AND s.item_code = told.item
         WHERE s.quantity::float8 IS DISTINCT FROM told.quantity
            OR s.resource_id IS NULL OR told.id IS NULL""",
    "observations without the state they make, or reports without an observation": """
        SELECT count(*) FROM (SELECT note FROM observation WHERE origin = 'report') o
          FULL JOIN (SELECT reason FROM change_log WHERE verb IN ('report', 'stock')) c ON c.reason = o.note
         WHERE o.note IS NULL OR c.reason IS NULL""",
}
"""What half a change would look like, each counted."""


async def inspect(connection: asyncpg.Connection, ledger: Ledger) -> dict[str, int]:
    """How many acknowledged operations are lost, how many are doubled, and how many are halves."""
    done = Counter[str]()
    for row in await connection.fetch("SELECT reason FROM change_log WHERE reason IS NOT NULL"):
        if row["reason"] in ledger.begun:
            done[row["reason"]] += 1
    found = {
        "acknowledged operations that are lost": len(set(ledger.acknowledged) - set(done)),
        "operations with more than one effect": sum(times > 1 for times in done.values()),
    }
    for what, question in HALVES.items():
        found[what] = await connection.fetchval(question)
    found["keys without an effect, or effects without their key"] = len(
        await _keys(connection) ^ _keyed(ledger, done)
    )
    found["depots whose stock is not what was moved"] = await _miscounted(connection, ledger, done)
    return found


async def _keys(connection: asyncpg.Connection) -> set[str]:
    return {row["key"] for row in await connection.fetch("SELECT key FROM idempotency")}


def _keyed(ledger: Ledger, done: Counter[str]) -> set[str]:
    return {identity for identity in done if ledger.begun[identity].keyed}


async def _miscounted(connection: asyncpg.Connection, ledger: Ledger, done: Counter[str]) -> int:
    """Depots that hold something else than was there plus every movement that was made, counted by us."""
    expected: dict[str, int] = {}
    for identity in done:
        operation = ledger.begun[identity]
        expected[operation.resource] = expected.get(operation.resource, QUANTITY) + operation.change
    rows: list[Any] = await connection.fetch("SELECT resource_id, quantity FROM stock_line")
    held = {str(row["resource_id"]): row["quantity"] for row in rows}
    return sum(held[depot] != quantity for depot, quantity in expected.items() if depot in held)

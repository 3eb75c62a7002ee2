"""Check that history is whole, and that all that is stored of a version is what its logged members make."""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from registry.domain.access.pepper import Peppers
from registry.domain.records import feature
from registry.domain.records.resource import Resource
from registry.services.progress import Advance, unwatched
from registry.services.records.rebuild_state import different_states
from registry.store.attachments import pictures
from registry.store.database.pool import Reader, Row
from registry.store.records import resource_row, versions
from registry.store.records.versions import CURRENT, PAST, START, VersionTable
from registry.store.sync import hash_chain

STEP = "versions"
MOST_LISTED = 100
TEXTS = {"feature", "public_feature"}
PARTS = "stock lines or external ids"
FLAT = "flat feature"
COMPARED = [name for name in resource_row.COLUMNS if name != "partner_of"]


class Beside(NamedTuple):
    """What is stored beside a current version: its parts, and its flat feature, None before it was made."""

    parts: list[dict[str, Any]]
    flat: dict[str, Any] | None


class ExaminedVersion(Struct, frozen=True):
    """A stored version against its logged members.

    `fault` says why there are no members to compare with. `different` names what the members make otherwise.
    """

    name: str
    fault: str | None = None
    record: Resource | None = None
    derived: dict[str, Any] = field(default_factory=dict)
    different: tuple[str, ...] = ()
    outdated: bool = False
    """Only texts differ, and they say the same in the form of another release."""


async def check(reader: Reader, peppers: Peppers, advance: Advance = unwatched) -> list[str]:
    """Every fault, in words: of the hash chain, the log, each version, the state, and the pictures."""
    faults = await hash_chain.verify(reader, peppers)
    faults += [f"{_name(row)} is logged but not stored" for row in await versions.missing(reader)]
    faults += await different_states(reader)
    faults += [f"picture {sha256} is not what was stored" for sha256 in await pictures.damaged(reader)]
    total, done, outdated = await versions.count(reader), 0, 0
    for table in (CURRENT, PAST):
        after = START
        while rows := await versions.batch(reader, table, after):
            after, done = versions.key_of(rows[-1]), done + len(rows)
            for version in await examine(reader, table, rows):
                outdated += version.outdated
                faults += [] if version.outdated else _faults(version)
            advance(STEP, done, max(done, total))
    if outdated:
        faults.append(f"{outdated} versions have the text of another release; `registry render` rewrites it")
    more = len(faults) - MOST_LISTED
    return faults if more <= 0 else [*faults[:MOST_LISTED], f"and {more} more"]


def _faults(version: ExaminedVersion) -> list[str]:
    if version.fault is not None:
        return [f"{version.name} {version.fault}"]
    return [f"{version.name}: {name} is not what its members make" for name in version.different]


async def examine(reader: Reader, table: VersionTable, rows: Sequence[Row]) -> list[ExaminedVersion]:
    """Compare a batch of versions with their logged members."""
    if table is PAST:
        return [_examine(row) for row in rows]
    parts, flat = await versions.parts(reader, rows), await versions.flat_features(reader, rows)
    return [_examine(row, Beside(parts.get(key, []), flat.get(key))) for row, key in _by_key(rows)]


def _by_key(rows: Sequence[Row]) -> list[tuple[Row, tuple[str, Any]]]:
    return [(row, (row["realm"], row["id"])) for row in rows]


def _examine(row: Row, beside: Beside | None = None) -> ExaminedVersion:
    """Compare a version; a past one has nothing beside it any more."""
    name, members = _name(row), row["logged_members"]
    if members is None:
        return ExaminedVersion(name, None if row["updated_by"] == "generator" else "is in no line of the log")
    if hashlib.sha256(members.encode()).digest() != row["logged_digest"]:
        return ExaminedVersion(name, "has members that are not those that were logged")
    try:
        record = feature.from_canonical(members)
    except msgspec.MsgspecError as error:
        return ExaminedVersion(name, f"has members that this release cannot read: {error}")
    derived = resource_row.row_of(record, row["logged_actor"], row["visibility_now"])
    different = [column for column in COMPARED if row[column] != derived[column]]
    different += [] if beside is None else _different_beside(record, beside)
    outdated = bool(different) and all(
        (name in TEXTS and _same(row[name], derived[name]))
        or (name == FLAT and beside and beside.flat is None)
        for name in different
    )
    return ExaminedVersion(name, None, record, derived, tuple(different), outdated)


def _different_beside(record: Resource, beside: Beside) -> list[str]:
    expected = resource_row.stock_rows(record) + resource_row.external_rows(record)
    found = [] if _set(beside.parts) == _set(expected) else [PARTS]
    return found if beside.flat == resource_row.flat_row(record) else [*found, FLAT]


def _name(row: Row) -> str:
    return f"resource {row['id']} version {row['version']}"


def _set(parts: list[dict[str, Any]]) -> set[frozenset[tuple[str, Any]]]:
    return {frozenset(part.items()) for part in parts}


def _same(stored: str | None, derived: str | None) -> bool:
    """Whether two texts say the same of a record."""
    if stored is None or derived is None:
        return False
    try:
        return feature.parse(stored) == feature.parse(derived)
    except msgspec.MsgspecError:
        return False

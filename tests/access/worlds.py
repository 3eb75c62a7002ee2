"""The same registry several times over, each world lacking or moving what one role must not know."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from registry.app import create_app
from registry.domain.access.actor import Role
from registry.domain.access.credential import fingerprint, id_of
from registry.domain.geojson import Point
from registry.domain.records import change as changing
from registry.domain.records.change import Change, Verb
from registry.domain.records.resource import KINDS, Resource
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.store.access import keys
from registry.store.database.pool import Writer, prepare
from registry.store.records import changes
from tests.api.conftest import Client, serving
from tests.builders import NOW, a_place, make

PEPPER = "a pepper that only these tests have"
LATER = NOW + timedelta(hours=1)
"""When the records of a world that changed became what they are."""
TOWNS = {"T1": (106.60, 29.00), "T2": (106.70, 28.9993)}
VISIBILITIES = ("public", "internal", "restricted")
EXACT = (0.0123457, 0.0234561)
"""Where in its town an internal record lies, exactly."""
PLACED = {"public": (0.0201111, 0.0301111), "restricted": (0.0145678, 0.0256789)}
"""Where the other records lie."""
MOVED = (0.0312347, 0.0411239)
"""Elsewhere in the same grid cell."""
OWN: dict[str, dict[str, Any]] = {
    "rescue_team": {"readiness": "available", "specialties": [{"code": "mine"}]},
    "shelter": {"opening": "open", "capacity_persons": 100, "hazards": [{"code": "flood"}]},
    "fire_watch_point": {"watch_radius_m": 5000.0, "form": "watchtower"},
    "supply_depot": {"tier": "town"},
}
STAFF: dict[str, tuple[Role, tuple[str, ...]]] = {
    "viewer": ("viewer", ()),
    "field": ("field", ("T1",)),
    "other field": ("field", ("T2",)),
    "district field": ("field", ("D",)),
    "planner": ("planner", ()),
    "other planner": ("planner", ()),
    "admin": ("admin", ()),
}


class Named(NamedTuple):
    """A record with the words and the place by which it is recognised in an answer."""

    record: Resource
    visibility: str
    town: str
    kind: str
    exercise: str | None

    @property
    def words(self) -> list[bytes]:
        """Texts that only this record has."""
        return [word_of(self.visibility, self.town, self.kind).encode(), self.record.id.hex.encode()]


def word_of(visibility: str, town: str, kind: str) -> str:
    """A word that nothing else contains."""
    return f"zq{visibility[:3]}{town}{kind.replace('_', '')}zq"


def identity_of(visibility: str, town: str, kind: str, exercise: str | None) -> UUID:
    """The same identity in every world."""
    number = [*product(VISIBILITIES, TOWNS, KINDS, (None, "drill"))].index((visibility, town, kind, exercise))
    return UUID(int=0x019B76DA_0000_7000_8000_000000000000 + number * 0x1_0000_0001)


def records(inner: tuple[float, float] = EXACT) -> list[Named]:
    """One record for each visibility, town, kind and realm; internal ones lie at `inner` in their cell."""
    made = []
    for visibility, town, kind, exercise in product(VISIBILITIES, TOWNS, KINDS, (None, "drill")):
        word = word_of(visibility, town, kind)
        east, north = TOWNS[town]
        shift = PLACED.get(visibility, inner)
        given: dict[str, Any] = OWN[kind] | {"visibility": visibility, "place": town, "exercise": exercise}
        given |= {"manager": f"manager {word}", "note": f"note {word}", "name": {"en": f"Xanadu {word}"}}
        given["external_ids"] = [{"system": "other", "id": f"{word}{exercise or ''}"}]
        given["id"] = identity_of(visibility, town, kind, exercise)
        record = make(kind, round(east + shift[0], 7), round(north + shift[1], 7), **given)
        made.append(Named(record, visibility, town, kind, exercise))
    return made


class World(NamedTuple):
    """An application over a database of its own, and the header of each role."""

    client: Client
    headers: dict[str, dict[str, str]]
    connection: asyncpg.Connection


Former = Callable[[Named], dict[str, Any]]
"""The properties that a record had at first, as far as they were others."""


def was_public(named: Named) -> dict[str, Any]:
    """Every secret record was public at first, and every restricted one lay in the first town."""
    place = "T1" if named.visibility == "restricted" else named.town
    return {} if named.visibility == "public" else {"visibility": "public", "place": place}


def was_in_first_town(named: Named) -> dict[str, Any]:
    """Every restricted record of the second town lay in the first, and was restricted there."""
    return {"place": "T1"} if named.visibility == "restricted" else {}


def never_otherwise(_: Named) -> dict[str, Any]:
    """No record was ever another."""
    return {}


@asynccontextmanager
async def world(
    url: str,
    keep: Callable[[Named], bool],
    inner: tuple[float, float] = EXACT,
    former: Former = never_otherwise,
) -> AsyncIterator[World]:
    """A world with the records that `keep` keeps, each of which was another at first, as `former` says."""
    connection = await asyncpg.connect(url)
    await prepare(connection)
    writer = Writer(connection)
    await _places(writer)
    await connection.execute("UPDATE place SET updated_at = $1", NOW)
    change = Change(verb="create", actor="seeds", at=NOW)
    for named in records(inner):
        if keep(named):
            await _stored(writer, named, former(named), change)
    headers = {name: await _key(writer, name, *STAFF[name]) for name in STAFF}
    headers["public"] = {}
    settings = Settings(pool_size=3, key_pepper=PEPPER, inflight_public=100, mass_change_limit=0)
    app = create_app(settings, as_role(url))
    async with serving(app) as client:
        yield World(client, headers, connection)
    await connection.close()


async def _stored(writer: Writer, named: Named, former: dict[str, Any], change: Change) -> None:
    """Store a record; a secret one has a second version, so that history has something to keep back."""
    record = named.record
    first = msgspec.structs.replace(record, properties=msgspec.structs.replace(record.properties, **former))
    await changes.insert(writer, first, change)
    if named.visibility != "public":
        following = changing.next_version(first, record, LATER if former else NOW)
        verb: Verb = "update" if former else "verify"
        await changes.amend(writer, first, following, Change(verb=verb, actor="seeds", at=NOW))


async def _places(writer: Writer) -> None:
    await a_place(writer, "D", level="district", **_extent(106.55, 28.95, 106.80, 29.10))
    for code, (west, south) in TOWNS.items():
        await a_place(writer, code, "D", **_extent(west, south, west + 0.1, south + 0.1))


def _extent(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    extent = msgspec.json.encode({"type": "Polygon", "coordinates": [ring]}).decode()
    centre = msgspec.json.encode({"type": "Point", "coordinates": [(west + east) / 2, (south + north) / 2]})
    return {"extent": extent, "extent_basis": "boundary", "point": centre.decode()}


async def _key(writer: Writer, name: str, role: Role, places: tuple[str, ...]) -> dict[str, str]:
    number = [*STAFF].index(name) + 1
    token = f"reg_{number:08x}_{'k' * 43}"
    values = {"id": id_of(token), "fingerprint": fingerprint(PEPPER.encode(), token), "expires_at": None}
    await writer.run(keys.INSERT, values | {"holder": name, "role": role, "places": list(places)})
    return {"Authorization": f"Bearer {token}"}


def point_of(named: Named) -> Point:
    """Where a record exactly is."""
    assert named.record.geometry is not None
    return named.record.geometry

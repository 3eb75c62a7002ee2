"""The same registry several times over, each world lacking or moving what one role must not know."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import asyncpg
import msgspec

from registry.app import create_app
from registry.domain.access.actor import Role
from registry.domain.access.credential import fingerprint, id_of
from registry.domain.access.sight import Sight
from registry.domain.attachments.attachment import Subject
from registry.domain.geojson import Point
from registry.domain.records import change as changing
from registry.domain.records.change import Change, Verb
from registry.domain.records.contact import Contact
from registry.domain.records.resource import KINDS, Resource
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.store.access import keys
from registry.store.attachments import links, pictures
from registry.store.database.pool import Writer, prepare
from registry.store.records import changes, contacts
from tests.api.conftest import Client, serving
from tests.builders import NOW, a_place, make
from tests.roads import load_county

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
PHONE = "023-7654321"
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


PICTURE: dict[str, Any] = {
    "sha256": hashlib.sha256(b"sent").digest(),
    "kept_sha256": hashlib.sha256(b"kept").digest(),
    "content": b"kept",
    "thumbnail": b"small",
    "size_bytes": 4,
    "width_px": 2,
    "height_px": 2,
}
"""A picture that is attached to every record: whoever sees one of them knows its digest."""
OTHER_TOWN = {"T1": "T2", "T2": "T1"}


def records(inner: tuple[float, float] = EXACT) -> list[Named]:
    """One record for each visibility, town, kind and realm; internal ones lie at `inner` in their cell.

    Elsewhere than exactly, they also have other names, other stock and another place. Of each kind one more
    lies nowhere for certain, in one of two places.
    """
    made = []
    for visibility, town, kind, exercise in product(VISIBILITIES, TOWNS, KINDS, (None, "drill")):
        word = word_of(visibility, town, kind)
        east, north = TOWNS[town]
        shift = PLACED.get(visibility, inner)
        given = _given(word, visibility, town, kind, inner) | {"exercise": exercise}
        given["external_ids"] = [{"system": "other", "id": f"{word}{exercise or ''}"}]
        given["id"] = identity_of(visibility, town, kind, exercise)
        record = make(kind, round(east + shift[0], 7), round(north + shift[1], 7), **given)
        made.append(Named(record, visibility, town, kind, exercise))
    return made + [_unlocated(kind, inner) for kind in KINDS]


def _given(word: str, visibility: str, town: str, kind: str, inner: tuple[float, float]) -> dict[str, Any]:
    """The members of a record; those of an internal one that the public may not read are others elsewhere."""
    elsewhere = visibility == "internal" and inner != EXACT
    place, word = (OTHER_TOWN[town], f"{word} elsewhere") if elsewhere else (town, word)
    name = {"en": f"{'Yonder' if elsewhere else 'Xanadu'} {word}"}
    given: dict[str, Any] = OWN[kind] | {"visibility": visibility, "place": place, "name": name}
    given |= {"manager": f"manager {word}", "note": f"note {word}"}
    given["sources"] = [{"kind": "person", "reference": f"keeper of {word}"}]
    if kind == "rescue_team":
        given["vehicles"] = [{"name": {"en": f"truck of {word}"}}]
    if kind == "shelter":
        given["hours"] = f"ask at {word}"
    if kind == "supply_depot":
        tents = {"item_code": "tents", "name": {"en": f"tents of {word}"}, "quantity": 3.0 + elsewhere}
        given["stock"] = [tents]
    return given


def _unlocated(kind: str, inner: tuple[float, float]) -> Named:
    """An internal record that is in one of some places: in others elsewhere."""
    town = "T1" if inner == EXACT else "T2"
    given = _given(word_of("internal", "nowhere", kind), "internal", "T1", kind, inner)
    given |= {
        "quality": "candidate_places",
        "candidate_places": [town],
        "place": "D" if inner == EXACT else town,
    }
    given["id"] = UUID(int=0x019B76DA_1111_7000_8000_000000000000 + KINDS.index(kind))
    return Named(make(kind, None, **given), "internal", "nowhere", kind, None)


class World(NamedTuple):
    """An application over a database of its own, and the header of each role."""

    client: Client
    headers: dict[str, dict[str, str]]
    connection: asyncpg.Connection


Former = Callable[[Named], dict[str, Any]]
"""The properties that a record had at first, as far as they were others."""


def was_public(named: Named) -> dict[str, Any]:
    """Every secret record was public at first, and every restricted one lay in the first town."""
    place = "T1" if named.visibility == "restricted" else named.record.properties.place
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
            await _pictured(writer, named, former(named))
            if named.visibility == "internal":
                await _called(writer, named)
    await load_county(writer)
    headers = {name: await _key(writer, name, *STAFF[name]) for name in STAFF}
    headers["public"] = {}
    with TemporaryDirectory() as data_dir:
        settings = Settings(
            pool_size=3, key_pepper=PEPPER, inflight_public=100, mass_change_limit=0, data_dir=Path(data_dir)
        )
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


async def _called(writer: Writer, named: Named) -> None:
    """Give a record a published contact, whom the public may not call: it would tell the place."""
    keeper = Contact(role="keeper", name=named.words[0].decode(), phone=PHONE, published=True)
    sight, identity = Sight(exercise=named.exercise), uuid5(named.record.id, "keeper")
    await contacts.put(writer, sight, named.record.id, identity, keeper)


async def _pictured(writer: Writer, named: Named, former: dict[str, Any]) -> None:
    """Attach the one picture of these worlds to a record, as secret as the record was at first."""
    await pictures.keep(writer, PICTURE)
    subject, sight = Subject(None, named.record.id), Sight(exercise=named.exercise)
    said = {"role": "photo", "caption": f"picture of {named.words[0].decode()}", "taken_at": None}
    said |= {
        "visibility": former.get("visibility", named.visibility),
        "attached_at": NOW,
        "attached_by": "seeds",
    }
    await links.put(writer, sight, subject, PICTURE["sha256"], said)


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

"""A resource carries the partner of its place, whoever writes it and whatever becomes of the place."""

import msgspec
import sqlalchemy as sa

from registry.domain.access.sight import EVERYTHING
from registry.store.database.query import Query
from registry.store.records import changes
from registry.store.schema.records import resource
from tests.builders import A_CHANGE, a_place, a_resource, make

PARTNERS = Query(sa.select(resource.c.partner_of).order_by(resource.c.created_at, resource.c.id))


async def test_it_is_that_of_the_place_at_every_write(writer) -> None:
    await a_place(writer, "county", partner={"since": "2020"})
    await a_place(writer, "village", parent="county")
    await a_place(writer, "home")
    made = make(place="home")
    await changes.insert(writer, made, A_CHANGE)
    assert [row["partner_of"] for row in await writer.rows(PARTNERS, {})] == [None]
    current = await changes.lock(writer, EVERYTHING, made.id)
    moved = msgspec.structs.replace(current.properties, place="village", version=2)
    await changes.amend(writer, current, msgspec.structs.replace(current, properties=moved), A_CHANGE)
    assert [row["partner_of"] for row in await writer.rows(PARTNERS, {})] == ["county"]


async def test_it_follows_the_place(writer) -> None:
    await a_place(writer, "county")
    await a_place(writer, "village", parent="county")
    await a_resource(writer, place="village")
    assert [row["partner_of"] for row in await writer.rows(PARTNERS, {})] == [None]
    await a_place(writer, "county", partner={"since": "2026"})
    assert [row["partner_of"] for row in await writer.rows(PARTNERS, {})] == ["county"]

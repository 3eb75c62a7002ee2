"""What is derived from places after each change is what all places together make, worked out in Python."""

import random
from typing import Any

import pytest

from registry.store.places import places
from registry.store.places.places import PLAIN
from tests.builders import NOW, a_resource

CODES = [f"p{n}" for n in range(14)]
AREAS = ["a0", "a1"]
EMPTY: dict[str, Any] = dict.fromkeys(PLAIN) | {"list_version": "t", "level": "town", "flags": {}}
STAMPS = {"successors": [], "version": 1, "updated_at": NOW, "updated_by": "test"}


def square(n: int) -> str:
    corners = [[n, 0], [n + 1, 0], [n + 1, 1], [n, 1], [n, 0]]
    return f'{{"type":"Polygon","coordinates":[{corners}]}}'


class Model:
    """All places and their members, and what follows from them."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.rows: dict[str, dict[str, Any]] = {}
        self.members: dict[str, list[str]] = {}

    def change(self, code: str) -> dict[str, Any]:
        """Give a place another parent, extent and partner, or an area other members."""
        rng = self.rng
        row = EMPTY | STAMPS | {"code": code, "name_en": code, "extent": None, "point": None}
        row |= {"extent_basis": "none"}
        if code in AREAS:
            self.members[code] = (
                rng.sample(sorted(self.rows.keys() - set(AREAS)), 2) if len(self.rows) > 4 else []
            )
        else:
            others = [other for other in self.rows if other not in AREAS and code not in self.above(other)]
            row["parent"] = rng.choice([None, *others])
            if rng.random() < 0.4:
                row |= {"extent": square(int(code[1:])), "extent_basis": "boundary"}
            row["partner"] = {"since": "2020"} if rng.random() < 0.2 else None
        self.rows[code] = row
        return row

    def above(self, code: str) -> set[str]:
        """The place and everything above it."""
        found, waiting = set(), [code]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += [parent for parent in [self.rows[one]["parent"]] if parent]
                waiting += [area for area, members in self.members.items() if one in members]
        return found

    def drawn(self, code: str) -> bool:
        """Whether a place has an extent, of its own or of its members."""
        own = self.rows[code]["extent"] is not None
        return own or any(self.rows[one]["extent"] for one in self.members.get(code, []))

    def bound(self, code: str) -> str | None:
        """The first place upwards that has an extent."""
        at: str | None = code
        while at is not None and not self.drawn(at):
            at = self.rows[at]["parent"]
        return at

    def partner(self, code: str) -> str | None:
        """The partner that holds a place: itself, else the first by code."""
        held = sorted(one for one in self.above(code) if self.rows[one]["partner"])
        return code if code in held else next(iter(held), None)


@pytest.mark.parametrize("seed", range(12))
async def test_a_change_derives_what_all_places_make(conn, writer, seed) -> None:
    model = Model(random.Random(seed))
    for code in [*CODES[:6], AREAS[0]]:
        await stored(writer, model, code)
    for place in CODES[:6]:
        await a_resource(writer, "shelter", place=place)
    for _ in range(25):
        await stored(writer, model, model.rng.choice(CODES + AREAS))
    pairs = {(row["ancestor"], row["code"]) for row in await conn.fetch("SELECT * FROM place_within")}
    assert pairs == {(above, code) for code in model.rows for above in model.above(code)}
    rows = await conn.fetch("SELECT code, extent_from, partner_of, extent_basis FROM place")
    assert {row["code"]: row["extent_from"] for row in rows} == {
        code: model.bound(code) for code in model.rows
    }
    partners = {code: model.partner(code) for code in model.rows}
    assert {row["code"]: row["partner_of"] for row in rows} == partners
    for row in await conn.fetch("SELECT place, partner_of FROM resource"):
        assert row["partner_of"] == partners[row["place"]]


async def stored(writer, model: Model, code: str) -> None:
    before = dict(model.members)
    row = model.change(code)
    await places.put(writer, [row])
    if code in AREAS and model.members[code] != before.get(code):
        await places.set_members(writer, code, model.members[code])
    await places.derive(writer, [code])

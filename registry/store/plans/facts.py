"""SQL of the facts that checks use: counted resources, specialties, stock, places, zones."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.errors import NotFound
from registry.domain.plans.facts import (
    LOCATED,
    Facts,
    PlaceFact,
    SpecialtyCount,
    StockMinimum,
    Tally,
    ZoneFact,
)
from registry.domain.values import Name
from registry.store.database.pool import Reader
from registry.store.database.query import Query, statement
from registry.store.plans import entries
from registry.store.schema.plans import rule, zone
from registry.store.schema.records import place, place_within
from registry.store.visibility import Shape, binds, shape, view

MAX_EXAMPLES = 20
TALLY_COLUMNS = (
    "kind", "place", "lifecycle", "level", "tier", "form", "force", "watch_radius_m", "placeholder",
)  # fmt: skip
PLACE = sa.bindparam("place", type_=sa.Text)
UNDER = sa.select(place_within.c.code).where(place_within.c.ancestor == PLACE)
IN_PLACE = sa.any_(sa.func.array(UNDER.scalar_subquery()))


@statement
def _tallies(form: Shape) -> Query:
    seen = view(form)
    columns = seen.c
    quality = seen.quality.label("quality")
    unstated = sa.and_(columns.kind == sa.literal_column("'supply_depot'"), columns.serves_persons.is_(None))
    located = quality == sa.any_(sa.literal_column(f"ARRAY[{', '.join(map(repr, LOCATED))}]"))
    incomplete = sa.or_(unstated, sa.not_(located), columns.placeholder)
    ids = sa.func.array_agg(sa.type_coerce(columns.id, sa.Uuid)).filter(incomplete)
    grouped_by = [columns[name] for name in TALLY_COLUMNS]
    verified = columns.verified_at.is_not(None).label("verified")
    return Query(
        sa.select(
            *grouped_by,
            quality,
            verified,
            sa.func.count().label("count"),
            sa.func.coalesce(sa.func.sum(columns.serves_persons), 0).label("serves_persons"),
            sa.func.count().filter(unstated).label("serves_unknown"),
            ids.label("examples"),
        )
        .where(seen.seen, seen.lies_in(IN_PLACE))
        .group_by(*grouped_by, quality, verified)
    )


@statement
def _skills(form: Shape) -> Query:
    seen = view(form)
    columns = seen.c
    each = sa.func.unnest(columns.specialties).label("specialty")
    rows = (
        sa.select(each, columns.place)
        .where(
            seen.seen,
            seen.lies_in(IN_PLACE),
            columns.kind == sa.literal_column("'rescue_team'"),
            columns.lifecycle == sa.literal_column("'in_service'"),
            sa.not_(columns.placeholder),
        )
        .subquery()
    )
    return Query(
        sa.select(rows.c.specialty, rows.c.place, sa.func.count().label("count")).group_by(
            rows.c.specialty, rows.c.place
        )
    )


@statement
def _depots(form: Shape) -> Query:
    """The features of depots with a stock line that has a minimum."""
    seen = view(form)
    has_minimum = seen.feature.op("~")(sa.literal_column("""'"minimum":[0-9]'"""))
    depot = seen.table.c.kind == sa.literal_column("'supply_depot'")
    return Query(
        sa.select(seen.table.c.id, seen.feature.label("feature")).where(
            seen.seen, depot, seen.lies_in(IN_PLACE), has_minimum
        )
    )


@statement
def _unplaced(form: Shape) -> Query:
    """How many of each kind are seen without their place."""
    seen = view(form)
    hidden = sa.not_(seen.is_shown())
    in_use = seen.c.lifecycle != sa.literal_column("'retired'")
    return Query(
        sa.select(seen.c.kind, sa.func.count().label("n"))
        .where(seen.seen, hidden, in_use)
        .group_by(seen.c.kind)
    )


_ABOVE = sa.select(place_within.c.ancestor).where(place_within.c.code == place.c.code)
PLACES = Query(
    sa.select(
        place.c.code,
        place.c.name_zh,
        place.c.name_en,
        place.c.level,
        place.c.flags,
        sa.func.array(_ABOVE.scalar_subquery()).label("above"),
    )
    .where(place.c.code == IN_PLACE)
    .order_by(place.c.code)
)
_RULED = sa.select(rule.c.provision).where(rule.c.zone_kind == zone.c.kind).order_by(rule.c.provision)
ZONES = Query(
    sa.select(
        zone.c.id,
        zone.c.geometry.is_not(None).label("drawn"),
        sa.func.array(_RULED.scalar_subquery()).label("provisions"),
    ).order_by(zone.c.id)
)


async def of_place(reader: Reader, sight: Sight, code: str) -> Facts:
    """The facts of a jurisdiction without its coverage; NotFound when there is no such place."""
    places = await reader.rows(PLACES, {"place": code})
    if not places:
        raise NotFound("place", code)
    form, values = shape(sight), binds(sight) | {"place": code}
    tallies = await reader.rows(_tallies(form), values)
    skills = await reader.rows(_skills(form), values)
    depots = await reader.rows(_depots(form), values)
    unplaced = await reader.rows(_unplaced(form), values) if form.clearance == "public" else []
    zones = await reader.rows(ZONES, {})
    today = (sight.as_of or datetime.now(UTC)).date()
    return Facts(
        place=code,
        today=today,
        tallies=[_tally(dict(row)) for row in tallies],
        skills=[SpecialtyCount(row["specialty"], row["place"], row["count"]) for row in skills],
        entries=await entries.of_jurisdiction(reader, sight, code),
        places=[_place(dict(row)) for row in places],
        stock=[line for row in depots for line in _stock_minimums(str(row["id"]), row["feature"])],
        zones=[ZoneFact(row["id"], row["drawn"], row["provisions"]) for row in zones],
        unplaced={row["kind"]: row["n"] for row in unplaced},
    )


def _tally(row: dict[str, Any]) -> Tally:
    row["examples"] = [str(identity) for identity in (row["examples"] or [])[:MAX_EXAMPLES]]
    row["serves_persons"] = int(row["serves_persons"])
    return Tally(**row)


def _place(row: dict[str, Any]) -> PlaceFact:
    return PlaceFact(
        code=row["code"],
        name=Name(row["name_zh"], row["name_en"]),
        level=row["level"],
        flags=row["flags"],
        above=frozenset(row["above"]),
    )


def _stock_minimums(resource: str, feature: str) -> list[StockMinimum]:
    lines = msgspec.json.decode(feature)["properties"]["stock"]
    return [
        StockMinimum(resource, line["item_code"], line["quantity"], line["minimum"])
        for line in lines
        if line["minimum"] is not None
    ]

"""Records that may be within a distance of an origin although they are recorded farther away, or nowhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from registry.domain.proximity.place_extent import PlaceExtent
from registry.store.database.pool import Reader
from registry.store.database.query import Query
from registry.store.filters import LISTING, clauses, failing, met_or_undecided, unknown
from registry.store.proximity.knn_columns import distance, within
from registry.store.proximity.origin_sql import OriginSql
from registry.store.proximity.unplaced import anywhere, named_near, names, possible_places
from registry.store.schema.records import CERTAIN_M, place, possible
from registry.store.visibility import View

RING_M: sa.ColumnElement[float] = sa.literal_column(str(CERTAIN_M))
COLUMNS = ("id", "kind", "name_zh", "name_en", "quality")
Extents = Mapping[str, PlaceExtent | None]
"""The extents of places by `bounds`, which names a place and its version; None where nothing bounds it."""


def row(view: View, origin: OriginSql, present: frozenset[str], *, located: bool) -> sa.Select[Any]:
    """What an answer says of a record that it cannot decide, and the conditions that fail or are unknown."""
    cell = view.form.clearance == "public" and located
    hidden = view.c.visibility != sa.literal_column("'public'") if cell else sa.false()
    others = present - LISTING
    return sa.select(
        *(view.c[name] for name in COLUMNS),
        hidden.label("cell"),
        possible_places(view).label("places"),
        (distance(view, origin) if located else sa.cast(sa.null(), sa.Float)).label("distance_m"),
        (view.uncertainty_m if located else sa.cast(sa.null(), sa.Float)).label("uncertainty_m"),
        failing(others, view).label("failing"),
        unknown(others, view).label("unknown"),
    )


def located(
    view: View,
    origin: OriginSql,
    present: frozenset[str],
    bound_m: sa.ColumnElement[float],
    *beyond: sa.ColumnElement[bool],
) -> list[sa.Select[Any]]:
    """Located records that may be within the bound, one selection for each index.

    The index of positions finds those that are certain within 500 m, an index of discs the others.
    """
    away = distance(view, origin)
    reaches = away - sa.func.coalesce(view.uncertainty_m, sa.literal_column("0")) <= bound_m
    where = [view.seen, *clauses(present & LISTING, view), *met_or_undecided(present - LISTING, view)]
    plain = row(view, origin, present, located=True).where(*where, reaches, *beyond)
    disc = possible(view.geom, view.uncertainty_m)
    return [
        plain.where(
            view.uncertainty_m > sa.literal_column(str(CERTAIN_M)),
            disc.op("&&")(sa.func._ST_Expand(origin.geog, bound_m)),
            away > bound_m + RING_M,
        ),
        plain.where(within(view, origin, bound_m + RING_M)),
    ]


def unlocated(
    view: View,
    origin: OriginSql,
    present: frozenset[str],
    bound_m: sa.ColumnElement[float] | None,
    *,
    near: sa.ColumnElement[Any] | None = None,
) -> list[sa.Select[Any]]:
    """Records without a position whose places are near the bound, one selection for each index.

    They are those that meet the conditions on the list, whatever else excludes them. Without a bound they are
    all of them. `near` are the codes of the places near the bound, where they are known already.
    """
    plain = row(view, origin, present, located=False).where(view.seen, *clauses(present & LISTING, view))
    nowhere = [plain.where(*missing) for missing in without_position(view)]
    if bound_m is None:
        return nowhere
    named = named_near(view, origin.geom, bound_m) if near is None else names(view, near)
    ways = [*anywhere(view), *reversed(named)]
    return [one.where(way) for one in nowhere for way in ways]


def without_position(view: View) -> list[list[sa.ColumnElement[bool]]]:
    """When a record has no position that this view shows, one case for each index."""
    cases: list[list[sa.ColumnElement[bool]]] = [[view.c.geom.is_(None)]]
    if view.form.clearance == "public":
        cases.append([view.c.geom.is_not(None), view.geom.is_(None)])
    return cases


def bounds(places: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """For each of these codes the place whose extent bounds it and that row's version; empty for none."""
    code = sa.func.unnest(places).table_valued("code", name="possible").render_derived()
    bound = place.alias("bound")
    named = sa.func.coalesce(
        bound.c.code + sa.literal_column("'/'") + sa.cast(sa.literal_column("bound.xmin"), sa.Text),
        sa.literal_column("''"),
    )
    joined = code.outerjoin(place, place.c.code == code.c.code).outerjoin(
        bound, bound.c.code == place.c.extent_from
    )
    return sa.func.array(sa.select(named).select_from(joined).scalar_subquery())


def _extents() -> Query:
    version = sa.cast(sa.literal_column("place.xmin"), sa.Text)
    named = (place.c.code + sa.literal_column("'/'") + version).label("bounds")
    extent = sa.func.ST_AsBinary(place.c.extent).label("extent")
    assumed = (place.c.extent_basis != sa.literal_column("'boundary'")).label("assumed")
    codes = sa.bindparam("codes", type_=sa.ARRAY(sa.Text))
    return Query(sa.select(named, extent, assumed).where(place.c.code == sa.any_(codes)))


EXTENTS = _extents()


async def extents(reader: Reader, wanted: Sequence[str]) -> Extents:
    """The extents that these `bounds` name; an extent is kept for as long as its place stays as it is."""
    kept = {bound: reader.kept.get(("extent", bound), "") for bound in wanted if bound}
    if missing := [bound for bound, extent in kept.items() if extent is None]:
        codes = sorted({bound.rpartition("/")[0] for bound in missing})
        for found in await reader.rows(EXTENTS, {"codes": codes}):
            kept[found["bounds"]] = extent = PlaceExtent(found["extent"], assumed=found["assumed"])
            reader.kept.put(("extent", found["bounds"]), "", extent, of_records=False)
    return {"": None} | kept

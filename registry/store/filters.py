"""Each condition of a Filter as an expression; a statement is compiled once for each set of conditions."""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from registry.domain.search import Filter
from registry.store.schema import place_within, resource
from registry.store.sight import View

Clause = Callable[[View], sa.ColumnElement[bool]]


def _equals(name: str) -> Clause:
    return lambda _: resource.c[name] == sa.bindparam(name)


def _inside_place(_: View) -> sa.ColumnElement[bool]:
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == sa.bindparam("place"))
    return resource.c.place == sa.any_(sa.func.array(under.scalar_subquery()))


def _in_bbox(view: View) -> sa.ColumnElement[bool]:
    window = sa.func.ST_MakeEnvelope(*(sa.bindparam(f"bbox_{side}", type_=sa.Float) for side in "wsen"), 4326)
    return view.geom.op("&&")(window)


def _in_wrapped_bbox(view: View) -> sa.ColumnElement[bool]:
    sides = {side: sa.bindparam(f"bbox_{side}", type_=sa.Float) for side in "wsen"}
    western = sa.func.ST_MakeEnvelope(sides["w"], sides["s"], 180, sides["n"], 4326)
    eastern = sa.func.ST_MakeEnvelope(-180, sides["s"], sides["e"], sides["n"], 4326)
    return sa.or_(view.geom.op("&&")(western), view.geom.op("&&")(eastern))


def _named(_: View) -> sa.ColumnElement[bool]:
    columns = (resource.c.name_zh, resource.c.name_en)
    return sa.or_(*(name.ilike(sa.bindparam("q"), escape="\\") for name in columns))


CLAUSES: dict[str, Clause] = {
    "kind": _equals("kind"),
    "place": _inside_place,
    "lifecycle": _equals("lifecycle"),
    "quality": _equals("quality"),
    "q": _named,
    "bbox": _in_bbox,
    "wrapped_bbox": _in_wrapped_bbox,
}


def clauses(present: Iterable[str], view: View) -> list[sa.ColumnElement[bool]]:
    """The expressions of the conditions that are present."""
    return [CLAUSES[name](view) for name in sorted(present)]


def asked(wanted: Filter) -> tuple[frozenset[str], dict[str, Any]]:
    """The names of the conditions in `wanted`, which choose the statement, and the values it is run with."""
    values = wanted.given()
    present = set(values)
    if "q" in values:
        values["q"] = f"%{_literal(values['q'])}%"
    if "bbox" in values:
        west, south, east, north = values.pop("bbox")
        values.update(bbox_w=west, bbox_s=south, bbox_e=east, bbox_n=north)
        if west > east:
            present = present - {"bbox"} | {"wrapped_bbox"}
    return frozenset(present), values


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

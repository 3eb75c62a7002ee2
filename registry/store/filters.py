"""Each condition of a Filter as an expression; a statement is compiled once for each set of conditions."""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.domain.search import Filter, has_trigram
from registry.store.names import named
from registry.store.schema.records import ours, place_within, resource, room, stock_line
from registry.store.visibility import View
from registry.store.windows import holds

Clause = Callable[[View], sa.ColumnElement[bool]]

BROAD = frozenset({"kind", "in_service", "valid_at", "partners_exclude", "partners_only"})
"""Conditions that most records near a spot meet, or that have an index by distance of their own.

Any other may be rare, and its plan depends on the value."""


def _equals(name: str) -> Clause:
    return lambda _: resource.c[name] == sa.bindparam(name)


def _codes(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=ARRAY(sa.Text))


def _inside_place(_: View) -> sa.ColumnElement[bool]:
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == sa.bindparam("place"))
    return resource.c.place == sa.any_(sa.func.array(under.scalar_subquery()))


def _sides() -> list[sa.BindParameter[Any]]:
    return [sa.bindparam(f"bbox_{side}", type_=sa.Float) for side in "wsen"]


def _in_bbox(view: View) -> sa.ColumnElement[bool]:
    return holds(view.spot, *_sides())


def _in_wrapped_bbox(view: View) -> sa.ColumnElement[bool]:
    west, south, east, north = _sides()
    return sa.or_(holds(view.spot, west, south, 180.0, north), holds(view.spot, -180.0, south, east, north))


def _named(brief: bool) -> Clause:
    names = (resource.c.name_zh, resource.c.name_en)
    return lambda _: named(names, sa.bindparam("q", type_=sa.Text), brief=brief)


def _has_room(_: View) -> sa.ColumnElement[bool]:
    return room >= sa.bindparam("free_persons", type_=sa.Integer)


def stock(*where: Any) -> sa.Select[Any]:
    """The stock lines of the asked item in this depot."""
    return sa.select(stock_line.c.quantity).where(
        stock_line.c.realm == resource.c.realm,
        stock_line.c.resource_id == resource.c.id,
        stock_line.c.scheme == sa.bindparam("item_scheme"),
        stock_line.c.item_code == sa.bindparam("item_code"),
        *where,
    )


def _has_item(_: View) -> sa.ColumnElement[bool]:
    lines = sa.select(stock_line.c.resource_id).where(
        stock_line.c.realm == sa.bindparam("sight_realm"),
        stock_line.c.scheme == sa.bindparam("item_scheme"),
        stock_line.c.item_code == sa.bindparam("item_code"),
        stock_line.c.quantity >= sa.bindparam("quantity", type_=sa.Float),
        stock_line.c.quantity > 0,
    )
    return resource.c.id.in_(lines)


def _stock_unknown(_: View) -> sa.ColumnElement[bool]:
    any_line = sa.select(stock_line.c.quantity).where(
        stock_line.c.realm == resource.c.realm, stock_line.c.resource_id == resource.c.id
    )
    uncounted = stock(stock_line.c.quantity.is_(None))
    return _of("supply_depot", sa.or_(sa.not_(any_line.exists()), uncounted.exists()))


def _valid(_: View) -> sa.ColumnElement[bool]:
    at = sa.bindparam("valid_at", type_=sa.TIMESTAMP(timezone=True))
    begun = sa.or_(resource.c.valid_from.is_(None), resource.c.valid_from <= at)
    return sa.and_(begun, sa.or_(resource.c.valid_to.is_(None), resource.c.valid_to > at))


def _of(kind: str, unknown: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(resource.c.kind == sa.literal_column(f"'{kind}'"), unknown)


def _unlisted(kind: str, name: str) -> Clause:
    return lambda _: _of(kind, sa.func.coalesce(sa.func.cardinality(resource.c[name]), 0) == 0)


def _unstated(name: str, *kinds: str) -> Clause:
    return lambda _: sa.or_(*(_of(kind, resource.c[name].is_(None)) for kind in kinds))


def _unsaid(kind: str, name: str) -> Clause:
    return lambda _: _of(kind, resource.c[name] == sa.literal_column("'unknown'"))


CLAUSES: dict[str, Clause] = {
    "kind": _equals("kind"),
    "kinds": lambda _: resource.c.kind == sa.any_(_codes("kinds")),
    "place": _inside_place,
    "lifecycle": _equals("lifecycle"),
    "in_service": lambda _: resource.c.lifecycle == sa.literal_column("'in_service'"),
    "quality": lambda view: view.quality == sa.bindparam("quality"),
    "q": _named(brief=False),
    "brief_q": _named(brief=True),
    "bbox": _in_bbox,
    "wrapped_bbox": _in_wrapped_bbox,
    "force": _equals("force"),
    "level": _equals("level"),
    "tier": _equals("tier"),
    "form": _equals("form"),
    "specialties_any": lambda _: resource.c.specialties.op("&&")(_codes("specialties_any")),
    "specialties_all": lambda _: resource.c.specialties.op("@>")(_codes("specialties_all")),
    "hazards_any": lambda _: resource.c.hazards.op("&&")(_codes("hazards_any")),
    "hazards_all": lambda _: resource.c.hazards.op("@>")(_codes("hazards_all")),
    "readiness": _equals("readiness"),
    "opening": _equals("opening"),
    "operational": _equals("operational"),
    "free_persons": _has_room,
    "item": _has_item,
    "quantity": lambda _: sa.true(),
    "verified_since": lambda _: (
        resource.c.verified_at >= sa.bindparam("verified_since", type_=sa.TIMESTAMP(timezone=True))
    ),
    "valid_at": _valid,
    "partners_exclude": lambda _: ours == sa.literal_column("1"),
    "partners_only": lambda _: resource.c.partner_of.is_not(None),
}
UNKNOWN: dict[str, tuple[str, Clause]] = {
    "force": ("unknown_force", _unstated("force", "rescue_team")),
    "level": ("unknown_level", _unstated("level", "rescue_team", "shelter")),
    "tier": ("unknown_tier", _unstated("tier", "supply_depot")),
    "form": ("unknown_form", _unstated("form", "fire_watch_point")),
    "specialties_any": ("unknown_specialties", _unlisted("rescue_team", "specialties")),
    "specialties_all": ("unknown_specialties", _unlisted("rescue_team", "specialties")),
    "hazards_any": ("unknown_hazards", _unlisted("shelter", "hazards")),
    "hazards_all": ("unknown_hazards", _unlisted("shelter", "hazards")),
    "readiness": ("unknown_readiness", _unsaid("rescue_team", "readiness")),
    "opening": ("unknown_opening", _unsaid("shelter", "opening")),
    "operational": ("unknown_operational", _unsaid("fire_watch_point", "operational")),
    "free_persons": (
        "unknown_capacity",
        lambda _: _of("shelter", resource.c.capacity_persons.is_(None)),
    ),
    "item": ("unknown_stock", _stock_unknown),
    "verified_since": ("never_verified", lambda _: resource.c.verified_at.is_(None)),
}
"""For each condition that a record may neither meet nor fail: the name of that case, and when it is so."""


def clauses(present: Iterable[str], view: View) -> list[sa.ColumnElement[bool]]:
    """The expressions of the conditions that are present."""
    return [CLAUSES[name](view) for name in sorted(present)]


def undecided(present: Iterable[str], view: View) -> dict[str, sa.ColumnElement[bool]]:
    """When each condition that is present can be neither met nor failed, by the name of that case."""
    return {UNKNOWN[name][0]: UNKNOWN[name][1](view) for name in sorted(present) if name in UNKNOWN}


def met_or_undecided(present: Iterable[str], view: View) -> list[sa.ColumnElement[bool]]:
    """The conditions that are present, each met or undecided."""
    return [
        sa.or_(CLAUSES[name](view), UNKNOWN[name][1](view)) if name in UNKNOWN else CLAUSES[name](view)
        for name in sorted(present)
    ]


def asked(wanted: Filter) -> tuple[frozenset[str], dict[str, Any]]:
    """The names of the conditions in `wanted`, which choose the statement, and the values it is run with."""
    values = wanted.given()
    present = set(values)
    if "q" in values:
        if not has_trigram(values["q"]):
            present = present - {"q"} | {"brief_q"}
        values["q"] = f"%{_literal(values['q'])}%"
    if "bbox" in values:
        west, south, east, north = values.pop("bbox")
        values.update(bbox_w=west, bbox_s=south, bbox_e=east, bbox_n=north)
        if west > east:
            present = present - {"bbox"} | {"wrapped_bbox"}
    if "item" in values:
        values["item_scheme"], _, values["item_code"] = values.pop("item").partition(":")
        values.setdefault("quantity", 0.0)
    if values.get("lifecycle") == "in_service":
        present = present - {"lifecycle"} | {"in_service"}
    if "partners" in values:
        present = present - {"partners"} | {f"partners_{values.pop('partners')}"}
    return frozenset(present), values


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

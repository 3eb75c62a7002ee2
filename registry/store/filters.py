"""The SQL of each condition by its declared name; a statement is compiled once for each set of conditions."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array

from registry.domain.conditions import Filter, declared, has_trigram
from registry.domain.search_key import key_grams, key_pattern
from registry.store.names import GRAMS, Way, keyed
from registry.store.schema.records import ours, place_within, room, stock_line
from registry.store.visibility import View
from registry.store.windows import holds

Clause = Callable[[View], sa.ColumnElement[bool]]
DECLARED = declared(Filter)


class Terms(NamedTuple):
    """When a record meets a condition, and when it can be said neither to meet nor to fail it."""

    met: Clause
    undecided: Clause | None = None


BROAD = frozenset({"kind", "in_service", "valid_at", "partners_exclude", "partners_only"})
"""Conditions that most records near a spot meet, or that have an index by distance of their own.

Any other condition may be rare, so that its plan depends on the value."""


def _equals(name: str) -> Clause:
    return lambda view: view.c[name] == sa.bindparam(name)


def _codes(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=ARRAY(sa.Text))


def _inside_place(view: View) -> sa.ColumnElement[bool]:
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == sa.bindparam("place"))
    return view.lies_in(sa.any_(sa.func.array(under.scalar_subquery())))


def _sides() -> list[sa.BindParameter[Any]]:
    return [sa.bindparam(f"bbox_{side}", type_=sa.Float) for side in "wsen"]


def _in_bbox(view: View) -> sa.ColumnElement[bool]:
    return holds(view.spot, *_sides())


def _in_wrapped_bbox(view: View) -> sa.ColumnElement[bool]:
    west, south, east, north = _sides()
    return sa.or_(holds(view.spot, west, south, 180.0, north), holds(view.spot, -180.0, south, east, north))


def _named(way: Way) -> Clause:
    def clause(view: View) -> sa.ColumnElement[bool]:
        grams = sa.bindparam("q_grams", type_=GRAMS)
        named = keyed(view.table.c.search_key, sa.bindparam("q", type_=sa.Text), way, grams)
        return named if view.form.clearance != "public" else sa.and_(view.is_shown(), named)

    return clause


def _has_room(view: View) -> sa.ColumnElement[bool]:
    return room(view.c) >= sa.bindparam("free_persons", type_=sa.Integer)


def stock(view: View, *where: Any) -> sa.Select[Any]:
    """The stock lines of the asked item in this depot, expired ones too."""
    return sa.select(stock_line.c.quantity).where(
        stock_line.c.realm == view.c.realm,
        stock_line.c.resource_id == view.c.id,
        stock_line.c.scheme == sa.bindparam("item_scheme"),
        stock_line.c.item_code == sa.bindparam("item_code"),
        *where,
    )


def in_date() -> sa.ColumnElement[bool]:
    """Whether a stock line has not expired on `stock_on`, or today without one."""
    day = sa.func.coalesce(sa.bindparam("stock_on", type_=sa.Date), sa.func.current_date())
    return sa.or_(stock_line.c.expires_on.is_(None), stock_line.c.expires_on >= day)


def _has_item(view: View) -> sa.ColumnElement[bool]:
    lines = sa.select(stock_line.c.resource_id).where(
        stock_line.c.realm == sa.bindparam("sight_realm"),
        stock_line.c.scheme == sa.bindparam("item_scheme"),
        stock_line.c.item_code == sa.bindparam("item_code"),
        stock_line.c.quantity > 0,
        in_date(),
    )
    lots = lines.group_by(stock_line.c.resource_id, stock_line.c.unit)
    enough = sa.func.sum(stock_line.c.quantity) >= sa.bindparam("quantity", type_=sa.Float)
    holds = view.c.id.in_(lots.having(enough))
    return holds if view.form.clearance != "public" else sa.and_(view.is_shown(), holds)


def _stock_unknown(view: View) -> sa.ColumnElement[bool]:
    any_line = sa.select(stock_line.c.quantity).where(
        stock_line.c.realm == view.c.realm, stock_line.c.resource_id == view.c.id
    )
    uncounted = stock(view, stock_line.c.quantity.is_(None), in_date())
    silent = sa.or_(sa.not_(any_line.exists()), uncounted.exists())
    if view.form.clearance == "public":
        silent = sa.or_(sa.not_(view.is_shown()), silent)
    return _of(view, "item", silent)


def _verified_since(view: View) -> sa.ColumnElement[bool]:
    return view.c.verified_at >= sa.bindparam("verified_since", type_=sa.TIMESTAMP(timezone=True))


def _valid(view: View) -> sa.ColumnElement[bool]:
    at = sa.bindparam("valid_at", type_=sa.TIMESTAMP(timezone=True))
    begun = sa.or_(view.c.valid_from.is_(None), view.c.valid_from <= at)
    return sa.and_(begun, sa.or_(view.c.valid_to.is_(None), view.c.valid_to > at))


def _of(view: View, name: str, unknown: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """`unknown`, for records of the kinds that the condition is about."""
    kinds = DECLARED[name].kinds
    return sa.or_(*(sa.and_(view.c.kind == sa.literal_column(f"'{kind}'"), unknown) for kind in kinds))


def _optional(name: str) -> Terms:
    """A column whose NULL is an unknown value."""
    return Terms(_equals(name), lambda view: _of(view, name, view.c[name].is_(None)))


def _state(name: str) -> Terms:
    """A column that says 'unknown' itself."""
    return Terms(_equals(name), lambda view: _of(view, name, view.c[name] == sa.literal_column("'unknown'")))


def _listed(name: str, column: str, operator: Literal["&&", "@>"]) -> Terms:
    """A column of codes, of which an empty list is an unknown value."""
    return Terms(
        lambda view: view.c[column].bool_op(operator)(_codes(name)),
        lambda view: _of(view, name, sa.func.coalesce(sa.func.cardinality(view.c[column]), 0) == 0),
    )


TERMS: dict[str, Terms] = {
    "kind": Terms(_equals("kind")),
    "kinds": Terms(lambda view: view.c.kind == sa.any_(_codes("kinds"))),
    "place": Terms(_inside_place),
    "lifecycle": Terms(_equals("lifecycle")),
    "in_service": Terms(lambda view: view.c.lifecycle == sa.literal_column("'in_service'")),
    "quality": Terms(lambda view: view.quality == sa.bindparam("quality")),
    "force": _optional("force"),
    "level": _optional("level"),
    "tier": _optional("tier"),
    "ownership": _optional("ownership"),
    "form": _optional("form"),
    "specialties_any": _listed("specialties_any", "specialties", "&&"),
    "specialties_all": _listed("specialties_all", "specialties", "@>"),
    "hazards_any": _listed("hazards_any", "hazards", "&&"),
    "hazards_all": _listed("hazards_all", "hazards", "@>"),
    "readiness": _state("readiness"),
    "opening": _state("opening"),
    "operational": _state("operational"),
    "free_persons": Terms(
        _has_room, lambda view: _of(view, "free_persons", view.c.capacity_persons.is_(None))
    ),
    "item": Terms(_has_item, _stock_unknown),
    "quantity": Terms(lambda _: sa.true()),
    "verified_since": Terms(_verified_since, lambda view: view.c.verified_at.is_(None)),
    "partners_exclude": Terms(lambda view: ours(view.table.c) == sa.literal_column("1")),
    "partners_only": Terms(lambda view: view.table.c.partner_of.is_not(None)),
    "q": Terms(_named("trigrams")),
    "brief_q": Terms(_named("grams")),
    "scanned_q": Terms(_named("scan")),
    "bbox": Terms(_in_bbox),
    "wrapped_bbox": Terms(_in_wrapped_bbox),
    "valid_at": Terms(_valid),
}
"""One line for each condition of a Filter; `VARIANT_OF` lists those with a statement of their own."""

VARIANT_OF = {
    "in_service": "lifecycle",
    "partners_exclude": "partners",
    "partners_only": "partners",
    "brief_q": "q",
    "scanned_q": "q",
    "wrapped_bbox": "bbox",
}
LISTING = BROAD | {"kinds", "place", "lifecycle"}
"""Conditions that say which records are asked for; any other excludes some of these."""
OPEN = frozenset(name for name, terms in TERMS.items() if terms.undecided is not None)
"""The conditions that an unknown value leaves undecided."""


def clauses(present: Iterable[str], view: View) -> list[sa.ColumnElement[bool]]:
    """The expressions of the conditions that are present."""
    return [TERMS[name].met(view) for name in sorted(present)]


def failing(present: Iterable[str], view: View) -> sa.ColumnElement[Any]:
    """The declared names of the conditions that a record neither meets nor leaves undecided, as an array."""
    return _names({name: sa.not_(sa.or_(*_met_and_undecided(name, view))) for name in sorted(present)})


def unknown(present: Iterable[str], view: View) -> sa.ColumnElement[Any]:
    """The declared names of the conditions that an unknown value leaves undecided, as an array."""
    cases = {}
    for name in sorted(OPEN.intersection(present)):
        met, undecided = _met_and_undecided(name, view)
        cases[name] = sa.and_(sa.not_(met), undecided)
    return _names(cases)


def met_or_undecided(present: Iterable[str], view: View) -> list[sa.ColumnElement[bool]]:
    """The conditions that are present, each met or undecided."""
    return [sa.or_(*_met_and_undecided(name, view)) for name in sorted(present)]


def _met_and_undecided(name: str, view: View) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    terms = TERMS[name]
    undecided = sa.false() if terms.undecided is None else terms.undecided(view)
    return sa.func.coalesce(terms.met(view), sa.false()), undecided


def _names(cases: dict[str, sa.ColumnElement[bool]]) -> sa.ColumnElement[Any]:
    """The names whose case holds, as an array."""
    each = [
        sa.case((case, sa.literal_column(f"'{VARIANT_OF.get(name, name)}'"))) for name, case in cases.items()
    ]
    none = sa.literal_column("'{}'::text[]", type_=ARRAY(sa.Text))
    if not each:
        return none
    return sa.func.array_remove(sa.cast(array(each), ARRAY(sa.Text)), sa.null(), type_=ARRAY(sa.Text))


def key_and_values(wanted: Filter) -> tuple[frozenset[str], dict[str, Any]]:
    """The stated conditions by name, which are the key of a statement, and the values that it runs with."""
    values = wanted.given()
    present = set(values)
    if "q" in values:
        values |= {"q": key_pattern(values["q"]), "q_grams": key_grams(values["q"])}
        if not has_trigram(values["q"]):
            present = present - {"q"} | {"brief_q"}
    if "bbox" in values:
        west, south, east, north = values.pop("bbox")
        values.update(bbox_w=west, bbox_s=south, bbox_e=east, bbox_n=north)
        if west > east:
            present = present - {"bbox"} | {"wrapped_bbox"}
    if "item" in values:
        values["item_scheme"], _, values["item_code"] = values.pop("item").partition(":")
        values.setdefault("quantity", 0.0)
        values["stock_on"] = None if wanted.valid_at is None else wanted.valid_at.date()
    if values.get("lifecycle") == "in_service":
        present = present - {"lifecycle"} | {"in_service"}
    if "partners" in values:
        partners = values.pop("partners")
        present -= {"partners"}
        present |= set() if partners == "include" else {f"partners_{partners}"}
    return frozenset(present), values


def is_broad(wanted: Filter) -> bool:
    """Whether the filter has only conditions that most records near a spot meet."""
    return key_and_values(wanted)[0] <= BROAD

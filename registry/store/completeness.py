"""SQL of completeness: how many records are listed, what totals are published, what is declared complete."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, get_args

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.domain.access.sight import Sight
from registry.domain.completeness import ListingCount, Scope
from registry.domain.conditions import Filter
from registry.domain.plans.entry import Inventory
from registry.domain.plans.facts import EXISTING
from registry.domain.plans.provision import Provision
from registry.domain.records.resource import Kind
from registry.store.database.pool import Reader
from registry.store.database.query import Query, statement
from registry.store.filters import TERMS, key_and_values
from registry.store.plans import entries
from registry.store.schema.changes import change_log
from registry.store.schema.plans import provision
from registry.store.schema.records import LISTED_BY, Columns, listing, place, place_within
from registry.store.visibility import PUBLIC, Shape, View, binds, predicates, shape, view

LISTED = frozenset(
    {"place", "lifecycle", "in_service", "partners_exclude", "partners_only", "force", "level", "tier"}
    | {"form", "ownership"}
)
"""Conditions that records are counted by; all others exclude records that are listed."""
PARTNERS = frozenset({"partners_exclude", "partners_only"})
COUNTED_BY = ("force", "level", "tier", "form", "ownership")
"""Attributes that the subject of a published total can be counted by."""
AT = sa.bindparam("at", type_=sa.TIMESTAMP(timezone=True))
KINDS = sa.bindparam("kinds", type_=ARRAY(sa.Text))
TERRITORY = sa.bindparam("territory", type_=sa.Text)
FOLD = Query(sa.text("SELECT registry_fold_listing()"))
"""Add up the lines of `listing` that are about the same records."""


class ListingCounts(NamedTuple):
    """The counts by kind, and the instant at which a date of validity changes them; None when none does."""

    by_kind: dict[Kind, ListingCount]
    until: datetime | None


class ResourceTotal(NamedTuple):
    """A published total of resources, how its place lies to the territory, and the records beside it."""

    provision: Provision
    scope: Scope
    beside: ListingCount


class StoredInventory(NamedTuple):
    """An inventory of resources, and how its place lies to the territory."""

    inventory: Inventory
    scope: Scope


FIRST = Query(sa.select(change_log.c.at).order_by(change_log.c.xid, change_log.c.seq).limit(1))


async def first_change_at(reader: Reader) -> datetime | None:
    """When the first change was recorded; None before any."""
    row = await reader.row(FIRST, {})
    return None if row is None else row["at"]


def _dated(columns: Columns) -> sa.ColumnElement[bool]:
    return sa.or_(columns.valid_from.is_not(None), columns.valid_to.is_not(None))


def _valid(columns: Columns) -> sa.ColumnElement[bool]:
    """Valid at the instant; without one all records count."""
    begun = sa.or_(columns.valid_from.is_(None), columns.valid_from <= AT)
    return sa.or_(AT.is_(None), sa.and_(begun, sa.or_(columns.valid_to.is_(None), columns.valid_to > AT)))


def _as_filed(form: Shape, columns: Columns) -> list[sa.ColumnElement[Any]]:
    """What records are counted by; to the public what is not public is filed under no place."""
    if form.clearance != "public":
        return [columns[name] for name in LISTED_BY]
    filed = sa.case((columns.visibility == PUBLIC, columns.place)).label("place")
    return [filed if name == "place" else columns[name] for name in LISTED_BY]


def _counted(form: Shape) -> sa.Subquery:
    """The records that a sight may see and that are valid, as groups with `n` and `located`.

    Records with dates of validity are counted one by one, all others are counted by triggers.
    """
    seen = view(form)
    one: sa.Label[int] = sa.cast(sa.literal_column("1"), sa.BigInteger).label("n")
    names = _as_filed(form, seen.table.c)
    single = sa.select(*names, seen.geom.is_not(None).label("located"), one).where(seen.seen, _valid(seen.c))
    if form.past:
        return single.subquery("counted")
    located = listing.c.public_located if form.clearance == "public" else listing.c.located
    groups = sa.select(*_as_filed(form, listing.c), located.label("located"), listing.c.n)
    every = groups.where(*predicates(form, listing.c, of_records=False))
    return sa.union_all(every, single.where(_dated(seen.c))).subquery("counted")


def _sums(counted: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """How many are listed, located and placeholders."""
    of = {
        "listed": sa.func.sum(counted.c.n),
        "located": sa.func.sum(counted.c.n).filter(counted.c.located),
        "placeholders": sa.func.sum(counted.c.n).filter(counted.c.placeholder),
    }
    zero: sa.ColumnElement[int] = sa.literal_column("0")
    return [sa.cast(sa.func.coalesce(sums, zero), sa.BigInteger).label(name) for name, sums in of.items()]


def _until(form: Shape) -> sa.ScalarSelect[Any]:
    """The next instant at which a record that the sight may see becomes valid or stops being so."""
    seen = view(form)
    moments = [
        sa.select(sa.func.min(moment).label("at")).where(seen.seen, _dated(seen.c), moment > AT)
        for moment in (seen.c.valid_from, seen.c.valid_to)
    ]
    both = sa.union_all(*moments).subquery("change")
    return sa.select(sa.func.min(both.c.at)).scalar_subquery()


@statement
def _counts(form: Shape, present: frozenset[str]) -> Query:
    counted = _counted(form)
    among: View = view(form)._replace(table=counted)
    met = [TERMS[name].met(among) for name in sorted(present & LISTED)]
    by_kind = sa.select(counted.c.kind, *_sums(counted), sa.null().label("until"))
    by_kind = by_kind.where(counted.c.kind == sa.any_(KINDS), *met).group_by(counted.c.kind)
    none = [
        sa.null().label("kind"),
        *(sa.literal_column("0").label(name) for name in ListingCount.__struct_fields__),
    ]
    return Query(sa.union_all(by_kind, sa.select(*none, _until(form))))


async def counts(reader: Reader, sight: Sight, wanted: Filter, kinds: Sequence[Kind]) -> ListingCounts:
    """How many records of each kind are listed under the conditions that records are counted by."""
    present, values = key_and_values(wanted)
    values |= binds(sight) | {"kinds": list(kinds), "at": wanted.valid_at}
    *rows, last = await reader.rows(_counts(shape(sight), present & LISTED), values)
    by_kind = {row["kind"]: _count(row) for row in rows}
    return ListingCounts({kind: by_kind.get(kind, ListingCount()) for kind in kinds}, last["until"])


def _count(row: Any) -> ListingCount:
    return ListingCount(row["listed"], row["located"], row["placeholders"])


def _under(ancestor: Any, code: Any) -> sa.ColumnElement[bool]:
    return sa.exists().where(place_within.c.ancestor == ancestor, place_within.c.code == code)


def _scope(place: sa.ColumnElement[Any], bounded: bool) -> sa.ColumnElement[str]:
    """How a place lies to the territory, which is everywhere when not bounded; NULL when they are apart."""
    names: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{name}'") for name in get_args(Scope)]
    same, wider, narrower, overlapping = names
    if not bounded:
        return sa.case((place.is_(None), same), else_=narrower)
    one, other = place_within.alias("one"), place_within.alias("other")
    shared = sa.exists().where(
        one.c.code == other.c.code, one.c.ancestor == place, other.c.ancestor == TERRITORY
    )
    return sa.case(
        (place == TERRITORY, same),
        (sa.or_(place.is_(None), _under(place, TERRITORY)), wider),
        (_under(TERRITORY, place), narrower),
        (shared, overlapping),
    )


def _whose(code: sa.ColumnElement[Any], present: frozenset[str]) -> list[sa.ColumnElement[bool]]:
    """Whether a place is a partner's or is not, as the conditions ask; what has no place is not."""
    partners = sa.exists().where(place.c.code == code, place.c.partner_of.is_not(None))
    either = {"partners_only": partners, "partners_exclude": sa.not_(partners)}
    return [either[name] for name in sorted(present & PARTNERS)]


@statement
def _totals(form: Shape, bounded: bool, present: frozenset[str]) -> Query:
    """The published totals of the kinds whose places share ground with the territory, with their records."""
    counted = _counted(form)
    where = provision.c.body["subject"]["where"]
    fits = [
        sa.or_(where[name].is_(None), where[name].op("@>")(sa.func.to_jsonb(counted.c[name])))
        for name in COUNTED_BY
    ]
    existing: sa.ColumnElement[Any] = sa.literal_column(f"ARRAY[{', '.join(map(repr, EXISTING))}]")
    beside = (
        sa.select(*_sums(counted))
        .where(
            counted.c.kind == provision.c.subject,
            counted.c.lifecycle == sa.any_(existing),
            sa.or_(provision.c.place.is_(None), _under(provision.c.place, counted.c.place)),
            *fits,
        )
        .correlate(provision)
        .lateral("beside")
    )
    scope = _scope(provision.c.place, bounded).label("scope")
    return Query(
        sa.select(provision.c.body, scope, *beside.c)
        .select_from(provision.join(beside, sa.true()))
        .where(
            provision.c.kind == sa.literal_column("'published_total'"),
            provision.c.subject == sa.any_(KINDS),
            scope.element.is_not(None),
            *_whose(provision.c.place, present),
        )
        .order_by(provision.c.document, provision.c.file, provision.c.line, provision.c.id)
    )


def _partners(wanted: Filter) -> frozenset[str]:
    return key_and_values(wanted)[0] & PARTNERS


async def totals(reader: Reader, sight: Sight, wanted: Filter, kinds: Sequence[Kind]) -> list[ResourceTotal]:
    """The published totals of these kinds that concern the place of the filter, or any place without one."""
    values = binds(sight) | {"kinds": list(kinds), "territory": wanted.place, "at": wanted.valid_at}
    rows = await reader.rows(_totals(shape(sight), wanted.place is not None, _partners(wanted)), values)
    return [ResourceTotal(msgspec.convert(row["body"], Provision), row["scope"], _count(row)) for row in rows]


@statement
def _inventories(form: Shape, bounded: bool, present: frozenset[str]) -> Query:
    table = entries.recorded(form.past)
    scope = _scope(table.c.place, bounded).label("scope")
    return Query(
        sa.select(table.c.body, scope)
        .where(
            entries.visible(form, table),
            sa.not_(table.c.retired),
            table.c.register == sa.literal_column("'inventory'"),
            table.c.body.op("->>")(sa.literal_column("'of'")) == sa.literal_column("'resources'"),
            table.c.body.op("->>")(sa.literal_column("'kind'")) == sa.any_(KINDS),
            scope.element.is_not(None),
            *_whose(table.c.place, present),
        )
        .order_by(table.c.id)
    )


async def inventories(
    reader: Reader, sight: Sight, wanted: Filter, kinds: Sequence[Kind]
) -> list[StoredInventory]:
    """The inventories of these kinds that concern the place of the filter, or any place without one."""
    values = binds(sight) | {"kinds": list(kinds), "territory": wanted.place}
    rows = await reader.rows(_inventories(shape(sight), wanted.place is not None, _partners(wanted)), values)
    return [StoredInventory(msgspec.convert(row["body"], Inventory), row["scope"]) for row in rows]

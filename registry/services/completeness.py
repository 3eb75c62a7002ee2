"""How complete the list behind an answer is; what does not change between answers is kept."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import (
    Completeness,
    Declaration,
    ListingCount,
    PublishedTotal,
    Scope,
    completeness,
    declaration,
    merged,
    published_total,
    scope_of,
)
from registry.domain.conditions import OWN_SCHEME, Filter, declared
from registry.domain.records.resource import KINDS, Kind
from registry.store import completeness as listings
from registry.store.completeness import COUNTED_BY, ResourceTotal, StoredInventory
from registry.store.database.moment import moment
from registry.store.database.pool import Reader

Asked = dict[str, list[str]]
CODES = {"specialties_any": "specialties", "hazards_any": "hazards", "amenities_any": "amenities"}
"""Conditions on codes, and the attribute that a plan or an inventory names for them."""


class _Listing(Struct, frozen=True):
    completeness: Completeness
    read_at: datetime | None
    until: datetime | None

    def holds_at(self, at: datetime | None) -> bool:
        """Whether no date of validity has passed between the reading and this instant."""
        if at is None or self.read_at is None:
            return at is self.read_at
        return self.read_at <= at and (self.until is None or at < self.until)


async def completeness_of(
    reader: Reader, sight: Sight, wanted: Filter, at: str | None = None
) -> Completeness:
    """The completeness of the records that a filter asks for, in its place, or everywhere without one.

    Conditions on a state, such as free capacity, do not make another list: they exclude records of it.
    `at` is the moment that the answer was read at, where it is known.
    """
    kinds = kinds_of(wanted)
    question = ("listing", sight, _counted_by(wanted), tuple(kinds))
    kept = reader.kept.get_of_lists(question, at or await moment(reader))
    if kept is not None and kept.holds_at(wanted.valid_at):
        found: Completeness = kept.completeness
        return found
    async with reader.snapshot() as view:
        listing = await _read(view, sight, wanted, kinds)
        reader.kept.put(question, await moment(view), listing)
    return listing.completeness


def kinds_of(wanted: Filter) -> list[Kind]:
    """The kinds that a filter asks for: those that it names, and that have what it has conditions on."""
    named = wanted.kinds or (KINDS if wanted.kind is None else (wanted.kind,))
    conditions = declared(Filter)
    owners = [conditions[name].kinds for name in wanted.given() if conditions[name].kinds]
    fitting = [kind for kind in named if all(kind in kinds for kinds in owners)]
    return fitting or list(named)


def _counted_by(wanted: Filter) -> Filter:
    """The filter without the conditions that do not choose a list."""
    names = ("kind", "kinds", "place", "lifecycle", "partners", *COUNTED_BY, *CODES)
    return Filter(**{name: getattr(wanted, name, None) for name in names if hasattr(wanted, name)})


async def _read(reader: Reader, sight: Sight, wanted: Filter, kinds: Sequence[Kind]) -> _Listing:
    counts = await listings.counts(reader, sight, wanted, kinds)
    totals = await listings.totals(reader, sight, wanted, kinds)
    inventories = await listings.inventories(reader, sight, wanted, kinds)
    asked = _asked(wanted)
    parts = [_of_kind(kind, counts.by_kind[kind], asked, totals, inventories) for kind in kinds]
    whole = parts[0] if len(parts) == 1 else merged(parts)
    if sight.as_of is not None:
        first = await listings.first_change_at(reader)
        if first is not None and sight.as_of < first:
            whole = structs.replace(whole, known_since=first)
    return _Listing(whole, wanted.valid_at, counts.until)


def _asked(wanted: Filter) -> Asked:
    """The conditions as plans and inventories state theirs: by attribute, with codes without a scheme."""
    plain = {name: [value] for name in COUNTED_BY if (value := getattr(wanted, name)) is not None}
    codes = {CODES[name]: _plain(values) for name, values in wanted.given().items() if name in CODES}
    return plain | codes


def _plain(codes: Sequence[str]) -> list[str]:
    return [code.removeprefix(f"{OWN_SCHEME}:") for code in codes]


def _of_kind(
    kind: Kind,
    count: ListingCount,
    asked: Asked,
    totals: Sequence[ResourceTotal],
    inventories: Sequence[StoredInventory],
) -> Completeness:
    published = [_published(total, asked) for total in totals if total.provision.subject.kind == kind]
    declarations = [_declared(stored, asked) for stored in inventories if stored.inventory.kind == kind]
    return completeness(
        count,
        [total for total in published if total is not None],
        [declaration for declaration in declarations if declaration is not None],
    )


def _published(total: ResourceTotal, asked: Asked) -> PublishedTotal | None:
    """The total beside its records; None when it is of other records than are asked for.

    A total with a condition that records are not counted by bounds nothing.
    """
    provision, count = total.provision, total.beside
    where = {name: _plain(values) for name, values in provision.subject.where.items()}
    scope = scope_of(where, asked, total.scope)
    if scope is None or provision.requirement is None:
        return None
    told_of: Scope = "overlapping" if where.keys() - {*COUNTED_BY} else scope
    return published_total(provision, provision.requirement, count, place=provision.place, scope=told_of)


def _declared(stored: StoredInventory, asked: Asked) -> Declaration | None:
    inventory = stored.inventory
    where = {name: _plain(values) for name, values in inventory.where.items()}
    scope = scope_of(where, asked, stored.scope)
    if scope is None:
        return None
    return declaration(inventory, whole=scope in ("same", "wider"))

"""Load what the rows of a file are compared with."""

import asyncio
from uuid import UUID

import msgspec
import shapely

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.intake.files.draft import FileGround
from registry.domain.intake.files.plan import PlanGround
from registry.domain.intake.files.values.gazetteer import Gazetteer, PlaceName
from registry.domain.intake.files.values.labels import Label, Labels
from registry.domain.intake.files.values.own_words import own_words
from registry.domain.intake.files.values.positions import JurisdictionExtent
from registry.domain.places.jurisdiction import RegistryJurisdiction
from registry.domain.records import feature
from registry.domain.records.resource import DEFAULT_VISIBILITY, Datum, Kind, Resource, Visibility
from registry.services.clock import now
from registry.services.intake import reference
from registry.store.database.pool import Reader
from registry.store.intake import reference as versions
from registry.store.intake.reference import ReferenceVersion
from registry.store.places import jurisdictions, places, vocabularies
from registry.store.records import contacts, resources

MOST_PLACES = 200_000
PAGE = 5_000
_KEPT: dict[tuple[ReferenceVersion, bytes], FileGround] = {}
"""By the version of places and vocabularies, and the jurisdiction."""
SHIFTED_LANGUAGE = "zh-Hans"
"""Where people write so, map services shift positions: an unstated datum is asked for."""


async def load_file_ground(reader: Reader) -> FileGround:
    """The names, words and extent that the cells of a file are read by; kept until they change."""
    jurisdiction = await jurisdictions.get(reader)
    key = (await versions.version(reader), msgspec.json.encode(jurisdiction))
    if key not in _KEPT:
        ground = await _file_ground(reader, jurisdiction)
        _KEPT.clear()
        _KEPT[key] = ground
    return _KEPT[key]


async def _file_ground(reader: Reader, jurisdiction: RegistryJurisdiction | None) -> FileGround:
    rows = await places.find(reader, {}, MOST_PLACES)
    names = [
        PlaceName(
            code=row["code"],
            level=row["level"],
            names=tuple(name for name in (row["name_zh"], row["name_en"]) if name),
            parent=row["parent"],
        )
        for row in rows
    ]
    codes = await vocabularies.find(reader)
    own = own_words(
        (row["subject"], row["code"], [row[name] for name in ("label_zh", "label_en") if row[name]])
        for row in codes
    )
    known = [
        Label(
            scheme=row["scheme"],
            subject=row["subject"],
            code=row["code"],
            labels=tuple(label for label in (row["label_zh"], row["label_en"]) if label),
        )
        for row in codes
    ]
    root = None if jurisdiction is None else jurisdiction.root
    datum: Datum | None = None
    if jurisdiction is not None and SHIFTED_LANGUAGE not in jurisdiction.languages:
        datum = jurisdiction.datum
    return FileGround(
        gazetteer=Gazetteer(names, root),
        labels=Labels(known, own.values),
        words=own,
        extent=await asyncio.to_thread(JurisdictionExtent, await _extent(reader, root)),
        area_code=None if jurisdiction is None else jurisdiction.area_code,
        default_datum=datum,
    )


async def load_known(reader: Reader, sight: Sight, wanted: Filter) -> list[Resource]:
    """Every record that a filter asks for and this sight has."""
    known: list[Resource] = []
    after: UUID | None = None
    while rows := await resources.find(reader, sight, wanted, after=after, limit=PAGE):
        known += [feature.parse(bytes(row["feature"]).decode()) for row in rows]
        after = known[-1].id
    return known


async def load_plan_ground(
    reader: Reader,
    sight: Sight,
    kind: Kind,
    scope: tuple[str, ...] | None,
    known: list[Resource] | None = None,
    *,
    default_visibility: Visibility = DEFAULT_VISIBILITY,
) -> PlanGround:
    """What rows are compared with: all records of their kind, or those that are given."""
    known = await load_known(reader, sight, Filter(kind=kind)) if known is None else known
    phones = await contacts.telephones(reader, sight, [record.id for record in known])
    return PlanGround(
        kind=kind,
        known=known,
        reference=await reference.load(reader),
        now=now(),
        exercise=sight.exercise,
        contacts={
            identity: frozenset((one["name"], one["phone"]) for one in listed)
            for identity, listed in phones.items()
        },
        scope=scope,
        default_visibility=default_visibility,
    )


async def _extent(reader: Reader, root: str | None) -> bytes | None:
    """The extent of the jurisdiction's root; of all places together in a registry without one."""
    if root is not None:
        row = await places.get(reader, root)
        return None if row is None or row["extent"] is None else _wkb(row["extent"])
    rows = await places.find(reader, {}, MOST_PLACES, extents=True)
    shapes = [shapely.box(*shapely.from_geojson(row["extent"]).bounds) for row in rows if row["extent"]]
    return shapely.to_wkb(shapely.union_all(shapes)) if shapes else None


def _wkb(text: str) -> bytes:
    content: bytes = shapely.to_wkb(shapely.from_geojson(text))
    return content

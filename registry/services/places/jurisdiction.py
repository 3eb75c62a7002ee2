"""Start an empty registry for a district of any country, and say whose registry this is."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from registry.domain.access.actor import SYSTEM
from registry.domain.errors import Conflict, Invalid
from registry.domain.intake.finding import Finding
from registry.domain.places.jurisdiction import Box, RegistryJurisdiction, check_jurisdiction
from registry.domain.places.place import PlaceDraft, PlaceProperties
from registry.services.places.change_places import load_places
from registry.store.database.pool import Reader, Writer
from registry.store.places import jurisdictions, vocabularies

LEVEL = "place_level"
LEVEL_LABELS = {
    "country": ("国家", "Country"),
    "province": ("省级", "Province or state"),
    "prefecture": ("地级", "Prefecture"),
    "district": ("县级", "District or county"),
    "management_area": ("管理区域", "Management area"),
    "town": ("乡级", "Town"),
    "village": ("村", "Village"),
    "community": ("社区", "Community"),
    "grid": ("网格", "Grid"),
    "building": ("楼栋", "Building"),
}
"""The levels that the registry itself knows; an office adds its own."""
VocabularyChoice = Literal["cn", "plain"]
CHINESE_SCHEMES = ("mem2022-61", "gbt44013", "gb51143", "gbt38565")
"""Schemes of Chinese standards, which a registry elsewhere leaves out."""


class JurisdictionDescription(Struct, frozen=True):
    """The jurisdiction, None before anybody initialised the registry, and what its map opens with."""

    jurisdiction: RegistryJurisdiction | None
    home: Box | None


class InitialisedRegistry(Struct, frozen=True):
    """What `initialise` stored, what it found of the borders, and what is still missing."""

    places: int
    codes: int
    findings: list[Finding]
    missing: list[str]


async def describe_jurisdiction(reader: Reader) -> JurisdictionDescription:
    """Whose registry this is, and the box that a new visitor of the map sees."""
    stored = await jurisdictions.get(reader)
    home = None if stored is None else stored.home or await jurisdictions.extent(reader)
    return JurisdictionDescription(stored, home)


async def initialise(
    writer: Writer,
    jurisdiction: RegistryJurisdiction,
    levels: Sequence[str],
    drafts: Mapping[str, PlaceDraft],
    codes: Sequence[dict[str, object]],
) -> InitialisedRegistry:
    """Make an empty registry that of a jurisdiction, with its levels, vocabulary and places.

    Without a place of the root's code one is made from the name. Conflict when the registry has one already.
    """
    check_jurisdiction(jurisdiction)
    if await jurisdictions.get(writer) is not None:
        raise Conflict("this registry is initialised already; start another with a data directory of its own")
    own = _level_rows(levels)
    await vocabularies.upsert(writer, [*codes, *own])
    root = PlaceDraft(properties=PlaceProperties(name=jurisdiction.name, level=_top(levels, drafts)))
    every = dict(drafts) if jurisdiction.root in drafts else {jurisdiction.root: root, **drafts}
    findings = await load_places(writer, SYSTEM, every)
    await jurisdictions.insert(writer, jurisdiction)
    undrawn = sorted(code for code, draft in every.items() if draft.geometry is None)
    missing = [f"the border of {code}" for code in undrawn if not every[code].properties.members]
    return InitialisedRegistry(len(every), len(codes) + len(own), findings, missing)


def read_places(text: bytes) -> dict[str, PlaceDraft]:
    """The places of a GeoJSON FeatureCollection by code: the id of a feature, or its member `code`."""
    try:
        collection = msgspec.json.decode(text, type=_PlaceCollection)
    except msgspec.DecodeError as error:
        raise Invalid(f"the file of places cannot be used: {error}", field="places") from error
    drafts: dict[str, PlaceDraft] = {}
    for n, draft in enumerate(collection.features):
        code = draft.id or draft.properties.code
        if code is None:
            raise Invalid(f"feature {n} has neither an id nor a code", field=f"features[{n}].id")
        if code in drafts:
            raise Invalid(f"{code} stands twice in the file", field=f"features[{n}].id")
        drafts[code] = draft
    return drafts


class _PlaceCollection(Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    features: list[PlaceDraft]


def _top(levels: Sequence[str], drafts: Mapping[str, PlaceDraft]) -> str:
    """The level of a root that the file does not have: the first that no place of the file has."""
    used = {draft.properties.level for draft in drafts.values()}
    return next((level for level in levels if level not in used), levels[0])


def _level_rows(levels: Sequence[str]) -> list[dict[str, object]]:
    return [
        {
            "scheme": "registry",
            "subject": LEVEL,
            "code": level,
            "label_zh": LEVEL_LABELS.get(level, (level, level))[0],
            "label_en": LEVEL_LABELS.get(level, (level, level))[1],
            "source": None,
        }
        for level in levels
    ]

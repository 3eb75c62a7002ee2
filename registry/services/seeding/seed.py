"""Store the seeds. To do it again changes nothing that people have changed since."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from registry.domain.errors import Conflict, Invalid, Refused
from registry.domain.intake.examine import examine
from registry.domain.intake.files.values.own_words import check_words
from registry.domain.intake.reference import Ground
from registry.domain.places.jurisdiction import RegistryJurisdiction
from registry.domain.places.place import PlaceDraft, check_place
from registry.domain.places.vocabulary import VocabularyCode
from registry.domain.plans.entry import Entry
from registry.domain.records.change import Change, new_version
from registry.domain.records.resource import Resource
from registry.runtime import data_files
from registry.services.intake.reference import load
from registry.services.progress import Advance, unwatched
from registry.services.seeding.admitted import admitted
from registry.services.seeding.demonstration import demonstration
from registry.services.seeding.demonstration_plans import demonstration_entries
from registry.services.seeding.plans import add_entries, read, seed_plans
from registry.store.database.pool import Writer
from registry.store.places import jurisdictions, places, vocabularies
from registry.store.records import changes, resources
from registry.store.schema.records import LIVE

SEEDS = data_files.folder("seeds")
SEEDED_BY = "seeds"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many seeds are stored, how many were added now, and how well the resources are located."""

    places: int
    vocabularies: int
    resources: int
    added: int
    quality: dict[str, int]
    plans: dict[str, int]


async def seed(writer: Writer, advance: Advance = unwatched) -> Summary:
    """Store all seeds: reference data is replaced, resources and entries are only added."""
    records = read_resources()
    own = msgspec.json.decode((SEEDS / "jurisdiction.json").read_bytes(), type=RegistryJurisdiction)
    stored = await jurisdictions.get(writer)
    if stored is not None and stored.root != own.root:
        raise Conflict(f"this registry is that of {stored.name}: the sample would mix with its records")
    code_count = await _seed_vocabularies(writer, advance)
    place_count = await _seed_places(writer, advance)
    if stored is None:
        await jurisdictions.insert(writer, own)
    added = await add(writer, records, advance)
    plan_counts = await seed_plans(writer, SEEDS)
    advance("plans", sum(plan_counts.values()), sum(plan_counts.values()))
    return Summary(
        places=place_count,
        vocabularies=code_count,
        resources=len(records),
        added=added,
        quality=dict(Counter(record.properties.location.quality for record in records)),
        plans=plan_counts,
    )


async def seed_if_new(writer: Writer, advance: Advance = unwatched) -> Summary | None:
    """Store the seeds and the demonstration in a new registry; None when it has places or a jurisdiction."""
    if await jurisdictions.get(writer) is not None or await places.find(writer, {}, 1):
        return None
    summary = await seed(writer, advance)
    await add_demonstration(writer, advance)
    return summary


async def add_demonstration(writer: Writer, advance: Advance = unwatched) -> None:
    """Add the resources and entries that the exercise `demo` does not have yet."""
    features = read_features("places.geojson")
    await add(writer, demonstration(features), advance)
    live = read(SEEDS, "registers.json", Entry)
    await add_entries(writer, demonstration_entries(features, live, datetime.now(UTC).date()))


def read_features(name: str) -> list[dict[str, Any]]:
    """The features of one seed file."""
    features: list[dict[str, Any]] = json.loads((SEEDS / name).read_text("utf-8"))["features"]
    return features


def read_resources() -> list[Resource]:
    """The seeded resources."""
    return msgspec.convert(read_features("resources.geojson"), list[Resource])


async def add(writer: Writer, records: Sequence[Resource], advance: Advance = unwatched) -> int:
    """Insert the records that their realm does not have yet, and return how many; Refused by the gate."""
    if not records:
        return 0
    realm = records[0].properties.exercise or LIVE
    stored = await resources.known(writer, realm, [record.id for record in records])
    now = datetime.now(UTC)
    missing = [record for record in records if record.id not in stored]
    ground = Ground(reference=await load(writer), now=now, default_visibility="public")
    change = Change(verb="seed", actor=SEEDED_BY, at=now, via="seeds")
    for done, record in enumerate(missing, 1):
        await changes.insert(writer, new_version(_admitted(record, ground), now), change)
        advance("resources", done, len(missing))
    return len(missing)


def _admitted(record: Resource, ground: Ground) -> Resource:
    result = examine(record, ground)
    if result.record is None:
        raise Refused(result.findings)
    return result.record


async def _seed_places(writer: Writer, advance: Advance) -> int:
    features = read_features("places.geojson")
    levels = await places.levels(writer)
    drafts = await admitted(writer, map(place_draft, features))
    for item, draft in zip(features, drafts, strict=True):
        check_place(item["id"], draft, levels)
    step = 100
    for start in range(0, len(features), step):
        await places.upsert(writer, [place_values(item) for item in features[start : start + step]])
        advance("places", min(start + step, len(features)), len(features))
    for item in features:
        if members := item["properties"]["members"]:
            await places.set_members(writer, item["id"], members)
    await places.derive(writer)
    return len(features)


def place_draft(item: dict[str, Any]) -> PlaceDraft:
    """A seeded feature as planners write a place; Invalid for what no place has."""
    properties = {name: value for name, value in item["properties"].items() if value is not None}
    extent = item["geometry"] or properties.pop("extent", None)
    if (point := properties.get("point")) is not None:
        properties["point"] = {"type": "Point", "coordinates": point}
    feature = {"type": "Feature", "id": item["id"], "geometry": extent, "properties": properties}
    try:
        return msgspec.convert(feature, PlaceDraft)
    except msgspec.ValidationError as error:
        raise Invalid(f"{item['id']}: {error}") from error


def place_values(item: dict[str, Any]) -> dict[str, Any]:
    """The columns of the place that a seeded feature describes."""
    properties = item["properties"]
    extent = item["geometry"] or properties["extent"]
    point = properties["point"] and {"type": "Point", "coordinates": properties["point"]}
    plain = ("level", "parent", "list_version", "extent_basis", "extent_radius_m", "point_uncertainty_m")
    values = {name: properties[name] for name in (*plain, "partner", "flags", "source")}
    values["code"] = item["id"]
    values["name_zh"], values["name_en"] = properties["name"].get("zh"), properties["name"].get("en")
    for name in ("valid_from", "valid_to"):
        values[name] = properties[name] and date.fromisoformat(properties[name])
    values["extent"] = extent and json.dumps(extent)
    values["point"] = point and json.dumps(point)
    return values


async def _seed_vocabularies(writer: Writer, advance: Advance) -> int:
    codes = await admitted(writer, read(SEEDS, "vocabularies.json", VocabularyCode))
    for code in codes:
        check_words(code.subject, code.code)
    rows = [{name: getattr(code, name) for name in ("scheme", "subject", "code", "source")} for code in codes]
    labels = [{"label_zh": code.label.zh, "label_en": code.label.en} for code in codes]
    await vocabularies.upsert(writer, [row | label for row, label in zip(rows, labels, strict=True)])
    advance("vocabularies", len(rows), len(rows))
    return len(rows)

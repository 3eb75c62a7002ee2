"""What a change of a record returns, without any HTTP."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from registry.domain.access.actor import Actor, sight_of
from registry.domain.errors import ConditionMissing, NotFound, Stale
from registry.domain.records import feature
from registry.domain.records.change import Draft
from registry.domain.records.observation import StatusReport
from registry.domain.records.relocation import Relocation
from registry.domain.records.resource import Resource
from registry.services.records.amend import amend
from registry.services.records.create import create
from registry.services.records.decide_correction import Decision, decide_correction
from registry.services.records.relocate import relocate
from registry.services.records.replace import replace
from registry.services.records.report import report
from registry.services.records.retire import restore, retire
from registry.services.records.verify import Verification, verify
from registry.services.records.work import ANY_VERSION, Edition, Saved, Work
from registry.store.database.pool import Writer
from registry.store.records import corrections, resources

SHELTER = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [106.65, 29.03]},
    "properties": {"kind": "shelter", "name": {"zh": "避难所"}, "location": {"quality": "surveyed"}},
}
ANY = Edition(ANY_VERSION)
FOUND = Relocation(coordinates=(106.66, 29.03), datum="wgs84", accuracy_m=5, evidence="at the door")


def working(writer: Writer, role: str = "planner") -> Work:
    actor = Actor(id=f"a {role}", role=role)  # type: ignore[arg-type]
    return Work(writer, actor, sight_of(actor))


@pytest.fixture
def work(writer: Writer) -> Work:
    """The work of a planner; what it stores is rolled back."""
    return working(writer)


@pytest.fixture
async def shelter(work: Work) -> UUID:
    """The identity of a stored shelter."""
    return (await create(work, msgspec.convert(SHELTER, Draft))).record.id


async def note(work: Work, identity: UUID, edition: Edition, **members: object) -> Saved:
    return await amend(work, identity, {"properties": members}, edition)


async def stored(work: Work, identity: UUID) -> tuple[int, Resource]:
    row = await resources.get(work.writer, work.sight, identity)
    assert row is not None
    return row["version"], feature.parse(row["feature"].decode())


async def test_a_created_record_is_the_stored_one(work: Work) -> None:
    saved = await create(work, msgspec.convert(SHELTER, Draft))
    assert (saved.outcome, saved.version) == ("created", 1)
    assert await stored(work, saved.record.id) == (1, saved.record)
    assert feature.parse(saved.feature) == saved.record


async def test_a_change_has_the_next_version_and_none_keeps_it(work: Work, shelter: UUID) -> None:
    changed = await note(work, shelter, Edition({1}), note="one")
    assert (changed.outcome, changed.version) == ("changed", 2)
    assert await stored(work, shelter) == (2, changed.record)
    same = await replace(work, shelter, msgspec.json.decode(changed.feature, type=Draft), Edition({2}))
    assert (same.outcome, same.version, same.feature) == ("unchanged", 2, changed.feature)


async def test_an_edition_must_be_named_and_current(work: Work, shelter: UUID) -> None:
    with pytest.raises(ConditionMissing):
        await note(work, shelter, Edition(), note="one")
    await note(work, shelter, ANY, note="one")
    with pytest.raises(Stale):
        await note(work, shelter, Edition({1}), note="two")
    with pytest.raises(Stale):
        await note(work, shelter, Edition(base_version=7), note="two")


async def test_a_merge_says_with_which_versions(work: Work, shelter: UUID) -> None:
    await note(work, shelter, ANY, note="one")
    await note(work, shelter, ANY, hours="day")
    merged = await note(work, shelter, Edition(base_version=1), capacity_persons=5)
    assert (merged.outcome, merged.version, merged.merged_with) == ("merged", 4, (2, 3))
    assert merged.record.properties.note == "one"
    alone = await note(work, shelter, Edition(base_version=4), capacity_persons=6)
    assert (alone.outcome, alone.merged_with) == ("changed", ())


async def test_a_conflict_names_its_correction_and_a_planner_decides(work: Work, shelter: UUID) -> None:
    await note(work, shelter, ANY, note="one")
    conflict = await note(work, shelter, Edition(base_version=1), note="two", hours="day")
    assert (conflict.outcome, conflict.version) == ("conflict", 2)
    assert (conflict.overlapping, conflict.feature) == (("note",), "")
    [waiting] = await corrections.find(work.writer, work.sight, {}, 2)
    assert waiting["id"] == conflict.correction
    assert conflict.correction is not None
    decided = await decide_correction(work, conflict.correction, Decision(accept=True, reason="asked"))
    assert (decided.outcome, decided.record.properties.note) == ("changed", "two")


async def test_a_position_is_proposed_or_applied(work: Work, writer: Writer, shelter: UUID) -> None:
    proposed = await relocate(working(writer, "field"), shelter, FOUND)
    assert (proposed.outcome, proposed.version) == ("proposed", 1)
    assert proposed.members["geometry"]["coordinates"] == (106.66, 29.03)
    assert proposed.correction is not None
    rejected = await decide_correction(work, proposed.correction, Decision(accept=False, reason="no"))
    assert (rejected.outcome, rejected.correction) == ("rejected", proposed.correction)
    applied = await relocate(work, shelter, FOUND)
    assert (applied.outcome, applied.version) == ("changed", 2)


async def test_every_other_verb_saves_a_version(work: Work, shelter: UUID) -> None:
    seen = StatusReport(observed_at=datetime(2026, 1, 2, tzinfo=UTC), opening="full")
    saved = [
        await report(work, shelter, seen),
        await verify(work, shelter, Verification(how="seen")),
        await retire(work, shelter, Edition({3}), "demolished"),
        await restore(work, shelter, None),
    ]
    assert [one.outcome for one in saved] == ["changed"] * 4
    assert [one.version for one in saved] == [2, 3, 4, 5]
    assert await stored(work, shelter) == (5, saved[-1].record)


async def test_a_face_may_refuse_the_locked_record(work: Work, shelter: UUID) -> None:
    looked: list[int] = []

    def admit(record: Resource) -> None:
        looked.append(record.properties.version)
        raise NotFound("feature", record.id)

    for change in (
        replace(work, shelter, msgspec.convert(SHELTER, Draft), ANY, admit=admit),
        amend(work, shelter, {}, ANY, admit=admit),
        retire(work, shelter, ANY, "why", admit),
    ):
        with pytest.raises(NotFound):
            await change
    assert looked == [1, 1, 1], "the record is read once, under its lock"

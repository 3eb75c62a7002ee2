"""What the rows of a file would do beside the records that are known: this month's list, and next month's."""

from datetime import UTC, datetime
from uuid import UUID

import shapely

from registry.domain.intake.files.draft import FileAnswers
from registry.domain.intake.files.drafts import draft_rows
from registry.domain.intake.files.header import Header, find_header
from registry.domain.intake.files.plan import PlanGround, PlannedRow, RowDecision, gone, plan_rows
from registry.domain.intake.files.rows import sort_rows
from registry.domain.intake.reference import Reference
from registry.domain.intake.territory import KnownPlace, Territory
from registry.domain.intake.vocabulary import Vocabularies
from registry.domain.records.change import new_version, next_version, to_members
from registry.domain.records.resource import Kind, Resource
from registry.domain.values import Name
from registry.store.files.read import read_file
from tests.domain.test_intake_drafts import DATA, QIJIANG, TOWNS

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
DISTRICT = KnownPlace("500110", "district", Name("綦江区"), extent=shapely.box(106.4, 28.5, 107.0, 29.2).wkb)
PLACES = [KnownPlace(code, "town", Name(name), "500110", bounded_by="500110") for code, name in TOWNS.items()]
REFERENCE = Reference(Territory([DISTRICT, *PLACES]), Vocabularies(()))


def plan(
    content: bytes,
    kind: Kind,
    known: list[Resource],
    decisions: dict[int, RowDecision] | None = None,
    reference: str = "list",
) -> tuple[list[PlannedRow], PlanGround, Header]:
    sheet = read_file(content).sheets[0]
    header = find_header(sheet, kind)
    assert header is not None
    rows = sort_rows(sheet, header)
    drafts = draft_rows(sheet, header, rows, kind, QIJIANG, FileAnswers(reference=reference))
    ground = PlanGround(kind=kind, known=known, reference=REFERENCE, now=NOW)
    return plan_rows(drafts, header, ground, decisions or {}), ground, header


def stored(rows: list[PlannedRow], known: list[Resource]) -> list[Resource]:
    """The records after the rows were committed."""
    by_id = {record.id: record for record in known}
    for row in rows:
        if row.record is None or row.action not in ("create", "update"):
            continue
        current = by_id.get(row.record.id)
        by_id[row.record.id] = (
            new_version(row.record, NOW) if current is None else next_version(current, row.record, NOW)
        )
    return list(by_id.values())


def actions(rows: list[PlannedRow]) -> list[str]:
    return [row.action for row in rows]


THIS_MONTH = (DATA / "m2-teams-gb18030.csv").read_bytes()
NEXT_MONTH = (DATA / "m7-teams-next-month.csv").read_bytes()


def test_the_same_file_twice_changes_nothing() -> None:
    rows, _, _ = plan(THIS_MONTH, "rescue_team", [])
    assert actions(rows) == ["create"] * 4
    known = stored(rows, [])
    again, _, _ = plan(THIS_MONTH, "rescue_team", known, reference="the same list under another name")
    assert actions(again) == ["unchanged"] * 4


def test_m7_one_update_one_to_confirm_one_unchanged_one_new_one_gone() -> None:
    known = stored(plan(THIS_MONTH, "rescue_team", [])[0], [])
    rows, ground, _ = plan(NEXT_MONTH, "rescue_team", known, reference="next month")
    assert actions(rows) == ["update", "confirm", "unchanged", "create"]
    update, confirm = rows[0], rows[1]
    assert {"personnel", "note", "sources"} == set(update.changed)
    assert update.record is not None
    assert update.record.properties.personnel == 32  # type: ignore[union-attr]
    [double] = [one for one in confirm.findings if one.code == "likely_double"]
    assert (double.row, double.column) == (3, "A")
    missing = gone(ground, rows, "500110")
    assert "示例石壕救援队" in [row.name for row in missing]
    assert {row.action for row in missing} == {"retire"}


def test_a_confirmed_double_is_an_update_and_a_denied_one_is_new() -> None:
    known = stored(plan(THIS_MONTH, "rescue_team", [])[0], [])
    [old] = [record for record in known if str(record.properties.name) == "示例㵲水镇救援队"]
    same, ground, _ = plan(NEXT_MONTH, "rescue_team", known, {3: RowDecision(same_as=old.id)})
    assert (same[1].action, same[1].target) == ("update", old.id)
    assert [row.name for row in gone(ground, same, "500110")] == ["示例石壕救援队"]
    new, _, _ = plan(
        NEXT_MONTH, "rescue_team", known, {3: RowDecision(take="new"), 4: RowDecision(take="skip")}
    )
    assert (new[1].action, new[2].action) == ("create", "skip")
    assert new[1].record is not None
    assert new[1].record.id != old.id


def test_an_external_id_finds_a_record_under_another_name() -> None:
    known = stored(plan("编号,名称,容量\nA1,示例甲,300\n".encode(), "shelter", [])[0], [])
    rows, _, _ = plan("编号,名称,容量\nA1,示例新名,\nA2,示例甲,5\n".encode(), "shelter", known, reference="b")
    assert rows[0].action == "update"
    assert rows[0].changed == ["name", "sources"]
    assert rows[0].record is not None
    assert rows[0].record.properties.capacity_persons == 300, "an empty cell leaves the value"  # type: ignore[union-attr]
    assert rows[1].action == "confirm"


def test_a_dash_clears_and_a_town_does_not_take_a_point_away() -> None:
    first = "名称,所属乡镇,经度,纬度,容量\n示例甲,古南街道,106.65,29.02,300\n"
    known = stored(plan(first.encode(), "shelter", [])[0], [])
    rows, _, _ = plan("名称,所属乡镇,容量\n示例甲,古南街道,—\n".encode(), "shelter", known, reference="b")
    assert set(rows[0].changed) == {"capacity_persons", "sources"}
    assert rows[0].record is not None
    assert rows[0].record.geometry == known[0].geometry
    assert to_members(rows[0].record)["capacity_persons"] is None


def test_two_rows_about_one_record_are_not_both_taken() -> None:
    known = stored(plan("名称,容量\n示例甲,300\n".encode(), "shelter", [])[0], [])
    rows, _, _ = plan("名称,容量\n示例甲,301\n示例 甲,302\n".encode(), "shelter", known)
    assert actions(rows) == ["update", "refused"]
    assert "twice_in_file" in {one.code for one in rows[1].findings}


def test_a_refused_cell_refuses_its_row_alone() -> None:
    rows, _, _ = plan("名称,容量\n示例甲,300/500\n示例乙,3\n".encode(), "shelter", [])
    assert actions(rows) == ["refused", "create"]
    assert rows[0].record is None


def test_the_gates_findings_name_their_cell() -> None:
    text = "名称,所属乡镇,经度（WGS84）,纬度\n示例甲,古南街道,107.3,29.0\n"
    [row], _, _ = plan(text.encode(), "shelter", [])
    assert {(one.code, one.row, one.column) for one in row.findings if one.severity == "warn"} <= {
        ("outside_place", 2, "B"),
        ("outside_territory", 2, "C"),
    }
    assert isinstance(row.record.id if row.record else None, UUID)

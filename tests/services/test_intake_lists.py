"""Lists of places, zones, rules, registers, contacts and stock through the door of files, and back."""

import json
from uuid import UUID, uuid4

import asyncpg
import pytest

from registry.domain.access.actor import Actor
from registry.domain.errors import Conflict, Forbidden, NotFound
from registry.domain.intake.files.header import find_header
from registry.domain.intake.lists.list_kind import LIST_KINDS, ListKind, list_fields, list_vocabulary
from registry.domain.places.zone import Zone
from registry.domain.records.contact import Contact
from registry.domain.records.resource import Shelter
from registry.domain.values import Name
from registry.services.intake.files.correct_row import RowCorrection, correct_row
from registry.services.intake.out.make_workbook import make_list_workbook
from registry.services.places.zones import put_zone
from registry.services.records.contacts import put_contact
from registry.services.seeding import seed
from registry.store.database.pool import Writer
from registry.store.files.read import read_file
from registry.store.records import changes
from tests.builders import A_CHANGE, a_place, make
from tests.services.test_intake_files import AROUND, PLANNER, Office, _read_here, count  # noqa: F401

SQUARE = [[[106.5, 28.6], [106.6, 28.6], [106.6, 28.7], [106.5, 28.7], [106.5, 28.6]]]
VIEWER = Actor(id="viewer", role="viewer")


@pytest.fixture
async def office(writer: Writer) -> Office:
    """An office of a town with a depot."""
    await a_place(writer, "town", extent=AROUND, extent_basis="boundary")
    line = {"item_code": "tents", "name": {"zh": "帐篷"}, "quantity": 10, "unit": "顶"}
    depot = make("supply_depot", name={"zh": "示例仓库"}, place="town", stock=[line])
    await changes.insert(writer, depot, A_CHANGE)
    return Office(writer)


async def stored_and_same_again(office: Office, kind: ListKind, text: str | bytes, **counts: int) -> UUID:
    """Bring a list and store it; the same list brought again changes nothing."""
    identity = await office.bring(text, kind)
    wrong = [(row.name, row.findings) for row in await office.rows(identity) if row.action == "refused"]
    assert not wrong, wrong
    receipt = await office.commit(identity)
    assert {name: receipt[name] for name in counts} == counts
    again = await office.bring(text, kind)
    rows = await office.rows(again)
    assert {row.action for row in rows} <= {"unchanged", "aside"}, [(row.name, row.changed) for row in rows]
    return identity


@pytest.mark.parametrize("kind", LIST_KINDS)
async def test_a_template_is_read_as_its_columns(writer: Writer, kind: ListKind) -> None:
    content = await make_list_workbook(writer, Office(writer).sight, PLANNER, kind, empty=True)
    [sheet] = [one for one in read_file(content).sheets if not one.hidden]
    header = find_header(sheet, kind)
    assert header is not None
    plain = [name for name, one in list_fields(kind).items() if one.is_plain and name != "coordinates"]
    assert [column.field for column in header.columns] == plain
    assert set(list_vocabulary(kind).values()) == set(list_fields(kind))
    with pytest.raises(Forbidden):
        await make_list_workbook(writer, Office(writer).sight, VIEWER, kind)


@pytest.mark.parametrize("exercise", [None, "demo"])
async def test_a_filled_list_of_the_seeds_comes_back_unchanged(writer: Writer, exercise: str | None) -> None:
    await seed.seed(writer)
    await seed.add_demonstration(writer)
    clerk = Office(writer, exercise=exercise)
    for kind in LIST_KINDS:
        content = await make_list_workbook(writer, clerk.sight, PLANNER, kind, place="500110")
        identity = await clerk.bring(content, kind)
        rows = [row for row in await clerk.rows(identity) if row.action != "aside"]
        wrong = [(row.name, row.changed, row.findings) for row in rows if row.action != "unchanged"]
        assert not wrong, (kind, wrong[:3])
        assert rows or kind not in ("place", "rule", "zone", "vocabulary", "hotline"), kind


async def test_a_filled_list_says_what_people_read(office: Office) -> None:
    await stored_and_same_again(office, "hotline", "名称,电话,所属乡镇\n值班室,12350,town\n", created=1)
    content = await make_list_workbook(office.writer, office.sight, PLANNER, "hotline", place="town")
    [sheet] = [one for one in read_file(content).sheets if not one.hidden]
    cells = dict(zip(sheet.rows[1], sheet.rows[2], strict=True))
    assert (cells["name"], cells["number"], cells["retired"]) == ("值班室", "12350", "否")
    with pytest.raises(NotFound):
        await make_list_workbook(office.writer, office.sight, PLANNER, "hotline", place="nowhere")


async def test_a_contact_that_came_another_way_is_known(office: Office, conn: asyncpg.Connection) -> None:
    depot = await conn.fetchval("SELECT id FROM resource")
    duty = Contact(role="duty", name="示例甲", phone="00000000000")
    await put_contact(office.work, depot, uuid4(), duty)
    people = "资源名称,职务,联系人,电话\n示例仓库,duty,示例甲,00000000009\n"
    identity = await stored_and_same_again(office, "contact", people, created=0, updated=1)
    assert await conn.fetchval("SELECT phone FROM contact") == "00000000009"
    await office.undo(identity)
    assert await conn.fetchval("SELECT phone FROM contact") == "00000000000"
    assert await count(conn, "contact") == 1


async def test_places_with_those_above_them_and_their_borders(
    office: Office, conn: asyncpg.Connection
) -> None:
    text = "代码,名称,级别,上级,来源\nv1,一村,village,t2,民政\nt2,新镇,town,,民政\nv2,二村,village,town,\n"
    identity = await stored_and_same_again(office, "place", text, created=3, updated=0)
    rows = await conn.fetch("SELECT code, parent FROM place WHERE code <> 'town' ORDER BY code")
    assert [tuple(row) for row in rows] == [("t2", None), ("v1", "t2"), ("v2", "town")]
    shape = {"type": "Polygon", "coordinates": SQUARE}
    feature = {
        "type": "Feature",
        "geometry": shape,
        "properties": {"code": "v2", "name": "二村", "level": "village"},
    }
    drawn = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    await stored_and_same_again(office, "place", drawn, created=0, updated=1)
    row = await conn.fetchrow("SELECT parent, extent_basis FROM place WHERE code = 'v2'")
    assert tuple(row) == ("town", "boundary"), "what the file does not say stays"
    with pytest.raises(Conflict, match="二村"):
        await office.undo(identity)
    await office.undo(identity, leave_edited=True)
    ended = await conn.fetch("SELECT code FROM place WHERE valid_to IS NOT NULL ORDER BY code")
    assert [row["code"] for row in ended] == ["t2", "v1"]


async def test_what_is_wrong_with_a_row_is_named_at_its_cell(office: Office) -> None:
    identity = await office.bring(
        "代码,名称,级别,上级\nv1,一村,village,tonw\nv2,,village,town\nv1,一村,village,\n", "place"
    )
    rows = await office.rows(identity, action="refused")
    found = [[(one["code"], one.get("column")) for one in row.findings] for row in rows]
    assert found[0] == [("unknown_place", "D")]
    assert ("missing_member", "B") in found[1]
    assert "twice_in_file" in {code for code, _ in found[2]}
    row = await correct_row(office.work, identity, rows[0].n, RowCorrection(corrections={"D": "town"}))
    assert (row.action, row.record, row.body and row.body["parent"]) == ("create", None, "town")
    assert (await office.commit(identity))["created"] == 1


async def test_registers_by_the_words_of_offices(office: Office, conn: asyncpg.Connection) -> None:
    text = "名称,电话,所属乡镇\n值班室,12350,town\n消防,119,town\n"
    identity = await stored_and_same_again(office, "hotline", text, created=2)
    changed = await office.bring(text.replace("12350", "12350转2"), "hotline")
    assert await office.actions(changed) == ["create", "unchanged"], "the number tells hotlines apart"
    await office.undo(identity)
    live = await conn.fetchval("SELECT count(*) FROM entry WHERE register = 'hotline' AND NOT retired")
    assert live == 0
    numbered = "编号,名称,类型,所属乡镇,经度（WGS84）,纬度,备注\nS1,示例泵站,hydrant,town,106.65,29.03,甲\n"
    await stored_and_same_again(office, "water_source", numbered, created=1)
    later = await office.bring(numbered.replace("甲", "乙"), "water_source")
    assert [row.changed for row in await office.rows(later, action="update")] == [["note"]]


async def test_contacts_and_stock_belong_to_the_resource_that_a_row_names(
    office: Office, conn: asyncpg.Connection
) -> None:
    people = (
        "资源名称,职务,联系人,电话\n示例仓库,duty,示例甲,00000000000\n没有的仓库,duty,示例乙,00000000001\n"
    )
    identity = await office.bring(people, "contact")
    [wrong] = await office.rows(identity, action="refused")
    assert [one["code"] for one in wrong.findings] == ["unknown_resource"]
    assert (await office.commit(identity))["created"] == 1
    assert await count(conn, "contact") == 1
    await office.undo(identity)
    assert await count(conn, "contact") == 0
    lines = "仓库名称,物资编码,物资名称,数量,单位\n示例仓库,tents,帐篷,25,顶\n示例仓库,quilts,棉被,40,床\n"
    identity = await stored_and_same_again(office, "stock", lines, created=1, updated=1)
    stock = "SELECT item_code, quantity FROM stock_line ORDER BY item_code"
    assert [tuple(row) for row in await conn.fetch(stock)] == [("quilts", 40), ("tents", 25)]
    assert await conn.fetchval("SELECT version FROM resource") == 2, "one version for all lines of a depot"
    await office.undo(identity)
    assert [tuple(row) for row in await conn.fetch(stock)] == [("tents", 10)]


async def test_zones_change_only_as_they_were_compared(office: Office) -> None:
    text = "标识,名称,类型\nshore,示例河岸,river_shore\n"
    identity = await stored_and_same_again(office, "zone", text, created=1)
    later = await office.bring(text.replace("河岸", "左岸"), "zone")
    zone = Zone(id="shore", kind="river_shore", name=Name("另一岸"))
    await put_zone(office.writer, PLANNER, "shore", zone, {1})
    with pytest.raises(Conflict, match="changed since"):
        await office.commit(later)
    with pytest.raises(Conflict, match="示例河岸"):
        await office.undo(identity)


def _drawn(coordinates: list[list[float]], **properties: object) -> bytes:
    shape = {"type": "LineString", "coordinates": coordinates}
    zone = {"id": "shore", "name": "示例河岸", "kind": "river_shore"} | properties
    feature = {"type": "Feature", "geometry": shape, "properties": zone}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


async def test_zones_come_with_their_geometry_and_go_again(office: Office, conn: asyncpg.Connection) -> None:
    line = [[106.5, 28.6], [106.6, 28.7]]
    first = await stored_and_same_again(office, "zone", _drawn(line), created=1)
    drawn = "SELECT drawing ->> 'represents' AS drawn, drawing -> 'source' ->> 'kind' AS kind FROM zone"
    assert tuple(await conn.fetchrow(drawn)) == ("shore", "import")
    assert await count(conn, "zone_piece") == 1
    wrong = await office.bring(_drawn(line, represents="centre_line"), "zone")
    [row] = await office.rows(wrong, action="refused")
    assert [one["field"] for one in row.findings] == ["/represents"]
    second = await stored_and_same_again(office, "zone", _drawn([*line, [106.7, 28.7]]), updated=1)
    with pytest.raises(Conflict, match="示例河岸"):
        await office.undo(first)
    await office.undo(second)
    assert json.loads(await conn.fetchval("SELECT geometry FROM zone"))["coordinates"] == line
    named = await stored_and_same_again(
        office, "zone", "标识,名称,类型\nother,另一岸,river_shore\n", created=1
    )
    shape = _drawn(line, id="other", name="另一岸")
    later = await stored_and_same_again(office, "zone", shape, updated=1)
    await office.undo(later)
    assert await conn.fetchval("SELECT geometry FROM zone WHERE id = 'other'") is None
    with pytest.raises(Conflict, match="另一岸"):
        await office.undo(named)


async def test_new_zones_rules_and_words_go_again(office: Office, conn: asyncpg.Connection) -> None:
    words = "用途,代码,词语,英文词语\nhazard,sandstorm,沙尘暴,Sandstorm\nhazard,flood,洪水,Flood\n"
    identity = await stored_and_same_again(office, "vocabulary", words, created=2)
    assert await conn.fetchval("SELECT label_zh FROM vocabulary WHERE code = 'sandstorm'") == "沙尘暴"
    later = await office.bring(words.replace("沙尘暴", "沙暴"), "vocabulary")
    assert await office.actions(later) == ["update", "unchanged"]
    await office.commit(later)
    with pytest.raises(Conflict, match="沙尘暴"):
        await office.undo(identity)
    await office.undo(later)
    await office.undo(identity)
    assert await count(conn, "vocabulary") == 0
    zone = await stored_and_same_again(office, "zone", _drawn([[106.5, 28.6], [106.6, 28.7]]), created=1)
    await office.undo(zone)
    assert (await count(conn, "zone"), await count(conn, "zone_piece")) == (0, 0)


async def test_a_word_table_makes_the_registry_read_another_language(
    office: Office, conn: asyncpg.Connection
) -> None:
    words = (
        "编码体系,用途,代码,词语\n"
        "registry,hazard,flood,洪水\n"
        "es,words.column,name,Nombre del albergue|Albergue\n"
        "es,words.column,capacity_persons,Aforo\n"
        "es,words.column,hazards,Peligros\n"
        "es,words.column,opening,Situación\n"
        "es,words.column,number,Número de atención\n"
        "es,words.opening,open,abierto|abierta\n"
        "es,words.hazard,flood,inundación\n"
    )
    await stored_and_same_again(office, "vocabulary", words, created=8)
    text = "Albergue,Aforo,Peligros,Situación\nEscuela de ejemplo,120,Inundación,Abierta\n"
    identity = await office.bring(text, "shelter")
    [row] = await office.rows(identity, action="create")
    assert row.record is not None
    shelter = row.record.properties
    assert isinstance(shelter, Shelter)
    assert (shelter.capacity_persons, shelter.opening, str(shelter.name)) == (
        120,
        "open",
        "Escuela de ejemplo",
    )
    assert [one.code for one in shelter.hazards] == ["flood"]
    await stored_and_same_again(office, "hotline", "Número de atención,所属乡镇\n12350,town\n", created=1)
    wrong = await office.bring(
        words + "es,words.column,nothing,Nada\nes,words.opening,ajar,Nada\n", "vocabulary"
    )
    rows = await office.rows(wrong, action="refused")
    assert [[one["field"] for one in row.findings] for row in rows] == [["/code"], ["/code"]]


async def test_rules_are_checked_row_by_row_and_go_again(writer: Writer, conn: asyncpg.Connection) -> None:
    await seed.seed(writer)
    office = Office(writer)
    known = await conn.fetchval("SELECT provision FROM rule LIMIT 1")
    head = "标识,名称,依据条款,管控区类型,行为,距离,起算点,起算点英文,适用地区\n"
    text = f"{head}near,近岸,{known},river_shore,build,50,河岸线,the shore,500110\n"
    wrong = text + "far,远岸,no-such,river_shore,build,50,河岸线,the shore,500110\n"
    bad = await office.bring(wrong, "rule")
    [row] = await office.rows(bad, action="refused")
    assert [one["field"] for one in row.findings] == ["/provision"]
    rules = await count(conn, "rule")
    identity = await stored_and_same_again(office, "rule", text, created=1)
    await office.undo(identity)
    assert await count(conn, "rule") == rules


async def test_a_list_of_reference_data_is_for_planners_of_its_ground(writer: Writer, office: Office) -> None:
    await a_place(writer, "other")
    clerk = Office(writer, Actor(id="clerk", role="planner", places=("other",)))
    identity = await clerk.bring(
        "代码,名称,级别,上级\nv1,一村,village,town\nv2,二村,village,other\n", "place"
    )
    assert await clerk.actions(identity) == ["refused", "create"]

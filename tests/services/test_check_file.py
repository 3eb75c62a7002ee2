"""Trying a file beside the stored records, and `registry import` on a terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner

from registry.cli.main import registry
from registry.domain.access.sight import EVERYTHING
from registry.domain.errors import Invalid
from registry.domain.intake.files.refusal import REFUSAL_WORDS, RefusedFile
from registry.runtime.database import as_role
from registry.services.intake.files.check_file import CheckedFile, FileOptions, check_file
from registry.store.database.pool import Writer
from registry.store.records import changes
from tests.builders import A_CHANGE, a_place, make

DATA = Path(__file__).parent.parent / "data" / "intake"
RING = [[106.4, 28.5], [107.0, 28.5], [107.0, 29.2], [106.4, 29.2], [106.4, 28.5]]
AROUND = json.dumps({"type": "Polygon", "coordinates": [RING]})


@pytest.fixture
async def filled(writer: Writer) -> Writer:
    """A town with one shelter."""
    await a_place(writer, "town", extent=AROUND, extent_basis="boundary")
    shelter = make("shelter", 106.65, 29.03, name={"zh": "示例甲场所"}, place="town", capacity_persons=300)
    await changes.insert(writer, shelter, A_CHANGE)
    return writer


async def check(writer: Writer, text: str | bytes, **options: object) -> CheckedFile:
    content = text if isinstance(text, bytes) else text.encode()
    chosen = FileOptions(**{"kind": "shelter", "reference": "list.csv"} | options)  # type: ignore[arg-type]
    return await check_file(writer, EVERYTHING, content, chosen)


async def test_rows_are_compared_with_the_stored_records(filled: Writer) -> None:
    text = "名称,乡镇,容量\n示例甲场所,town,300\n城北第三小学,town,5\n"
    checked = await check(filled, text, whole_list_of="town")
    assert [row.action for row in checked.rows] == ["unchanged", "create"]
    checked = await check(filled, "名称,乡镇,容量\n示例甲场所,town,301\n,town,5\n合计,,306\n")
    assert checked.counts == {"update": 1, "refused": 1}
    assert checked.rows[0].changed == ["capacity_persons", "sources"]
    assert [one.reason for one in checked.set_aside] == ["header", "total"]
    checked = await check(filled, "名称,乡镇\n示例丙场所,town\n", whole_list_of="town")
    assert [(row.row, row.action, row.name) for row in checked.rows][-1] == (None, "retire", "示例甲场所")


async def test_what_has_to_be_asked(filled: Writer) -> None:
    checked = await check(filled, "甲".encode("gb18030"))
    assert [question.about for question in checked.questions] == ["encoding"]
    checked = await check(filled, "甲,乙\n丙,丁\n")
    assert [question.about for question in checked.questions] == ["header"]
    checked = await check(filled, "容量,乡镇\n3,town\n")
    assert [question.about for question in checked.questions] == ["name_column"]
    checked = await check(filled, "名称,场所名称\n甲,乙\n")
    assert [question.about for question in checked.questions] == ["column"]
    checked = await check(filled, "名称,经度,纬度\n示例丁场所,106.66,29.01\n")
    assert [(one.about, one.blocking) for one in checked.questions] == [("datum", False)]


async def test_answers_settle_questions(filled: Writer) -> None:
    columns = {"甲": "name", "B": "capacity_persons"}
    checked = await check(filled, "甲,乙\n示例戊场所,3\n", header_row=1, columns=columns)
    assert [(one.column, one.field) for one in checked.columns] == [("A", "name"), ("B", "capacity_persons")]
    assert checked.counts == {"create": 1}
    for wrong in ({"columns": {"A": "colour"}}, {"sheet": "other"}, {"whole_list_of": "nowhere"}):
        with pytest.raises(Invalid):
            await check(filled, "名称\n甲\n", **wrong)
    with pytest.raises(RefusedFile):
        await check(filled, b"\x7fELF\x00\x01")


async def test_nothing_is_stored(filled: Writer, conn: asyncpg.Connection) -> None:
    before = await conn.fetchval("SELECT count(*) FROM change_log")
    await check(filled, (DATA / "m1-shelters-form.xlsx").read_bytes())
    assert await conn.fetchval("SELECT count(*) FROM change_log") == before


def test_every_refusal_has_words_in_both_languages() -> None:
    assert all(zh and en and zh != en for zh, en in REFUSAL_WORDS.values())


def test_the_command_says_what_it_found(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_role(new_database()))

    def run(content: bytes, *arguments: str) -> tuple[int, str]:
        (tmp_path / "list.csv").write_bytes(content)
        order = ["import", str(tmp_path / "list.csv"), "--kind", "shelter", "--dry-run", *arguments]
        result = CliRunner().invoke(registry, order)
        return result.exit_code, result.output

    code, output = run("名称,容量\n示例甲,3\n".encode())
    assert (code, "new 新增 1" in output) == (0, True)
    code, output = run("名称,容量\n示例甲,300/500\n注：示例\n".encode())
    assert code == 2
    assert "B2" in output
    assert "3 note" in output
    code, output = run("名称,经度,纬度\n示例甲,106.65,29.02\n".encode())
    assert (code, "datum" in output) == (3, True)
    assert run("名称,经度,纬度\n示例甲,106.65,29.02\n".encode(), "--answer", "datum=wgs84")[0] == 0
    code, output = run("名称\n示例甲\n".encode(), "--json")
    assert json.loads(output)["counts"] == {"create": 1}
    assert run(b"<html><table></table></html>")[0] == 2
    assert run(b"name\nA\n", "--answer", "datum")[0] == 2

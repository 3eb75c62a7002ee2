"""Files over HTTP: brought, checked by a job, corrected, stored by a job, undone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from registry.jobs.analysis_process import AnalysisProcess
from registry.store.database.pool import Writer
from tests.api.conftest import Client, Signed
from tests.builders import a_place
from tests.services.test_intake_files import AROUND
from tests.store.test_hostile_files import HOSTILE
from tests.waiting import until

DATA = Path(__file__).parent.parent / "data" / "intake"
RESTED = ("successful", "failed", "dismissed")


class FileClient:
    """A planner who brings files over HTTP."""

    def __init__(self, client: Client, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    async def bring(self, content: bytes, kind: str = "shelter", name: str = "list.csv") -> str:
        answer = await self.client.post(
            f"/v1/intakes?kind={kind}&name={name}", content=content, headers=self.headers
        )
        assert answer.status_code == 202, answer.text
        return await self.rested(answer.headers["location"])

    async def rested(self, url: str) -> str:
        await until(lambda: self._rests(url), within_s=60)
        return url

    async def _rests(self, url: str) -> bool:
        return (await self.read(url))["job"]["status"] in RESTED

    async def read(self, url: str) -> dict[str, Any]:
        answer = await self.client.get(url, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def send(self, method: str, url: str, body: Any, **headers: str) -> tuple[int, Any]:
        answer = await self.client.request(method, url, json=body, headers=self.headers | headers)
        return answer.status_code, answer.json() if answer.content else None

    async def commit(self, url: str, **more: Any) -> dict[str, Any]:
        body = {"version": (await self.read(url))["version"]} | more
        status, told = await self.send("POST", f"{url}/commit", body)
        assert status == 202, told
        return await self.read(await self.rested(url))


@pytest.fixture
async def office(client: Client, stored: Writer, signed: Signed) -> FileClient:
    await a_place(stored, "town", extent=AROUND, extent_basis="boundary")
    return FileClient(client, await signed("planner"))


TEXT = "编号,名称,乡镇,容量\nA1,城北第三小学,town,300\nA2,城南第五中学,town,3/4\n合计,,,334\n".encode()


async def test_a_file_from_upload_to_undo(office: FileClient, stored: Writer) -> None:
    url = await office.bring(TEXT)
    intake = await office.read(url)
    assert intake["state"] == "checked", intake
    assert (
        intake["counts"] | {"create": 1, "refused": 1, "aside": 2, "storing": 1, "waiting": 1}
        == intake["counts"]
    )
    status, page = await office.send("GET", f"{url}/rows?severity=refuse", None)
    assert (status, [row["n"] for row in page["rows"]]) == (200, [3])
    first = (await office.send("GET", f"{url}/rows?limit=2", None))[1]
    rest = (await office.send("GET", next(x for x in first["links"] if x["rel"] == "next")["href"], None))[1]
    assert [row["n"] for row in [*first["rows"], *rest["rows"]]] == [1, 2, 3, 4]
    stale = {"version": intake["version"]}
    status, row = await office.send("PATCH", f"{url}/rows/3", {"corrections": {"D": 34}})
    assert (status, row["action"], row["record"]["properties"]["capacity_persons"]) == (200, "create", 34)
    assert (await office.send("POST", f"{url}/commit", stale))[0] == 412
    intake = await office.commit(url, policy="all")
    assert intake["state"] == "committed", intake
    [receipt] = intake["receipt"]["commits"]
    assert receipt["created"] == 2
    again = await office.send("POST", f"{url}/commit", {"version": intake["version"]})
    assert again[0] == 409, again
    assert "no row is left" in again[1]["detail"]
    counts = (await office.read(url))["counts"]
    assert counts | {"stored": 2, "aside": 2, "storing": 0, "waiting": 0} == counts
    records = await office.client.get("/v1/resources?kind=shelter", headers=office.headers)
    assert {one["properties"]["name"]["zh"] for one in records.json()["features"]} == {
        "城北第三小学",
        "城南第五中学",
    }
    status, told = await office.send("POST", f"{url}/undo", {})
    assert status == 202, told
    assert (await office.read(await office.rested(url)))["state"] == "undone"
    left = await office.client.get("/v1/resources?kind=shelter&lifecycle=in_service", headers=office.headers)
    assert left.json()["features"] == []
    listed = (await office.send("GET", "/v1/intakes", None))[1]["intakes"]
    assert [f"/v1/intakes/{one['id']}" for one in listed] == [url]
    assert (await office.send("DELETE", url, None))[0] == 204
    assert (await office.send("GET", url, None))[0] == 404


async def test_many_cells_are_corrected_at_once(office: FileClient) -> None:
    url = await office.bring("名称,乡镇,容量\n甲小学,town,3/4\n乙中学,town,5/6\n丙广场,town,7\n".encode())
    version = (await office.read(url))["version"]
    rows = [
        {"n": 2, "corrections": {"C": 34}},
        {"n": 3, "corrections": {"C": 56}},
        {"n": 4, "decision": {"take": "skip"}},
    ]
    body = {"version": version, "rows": rows}
    assert (await office.send("PATCH", f"{url}/rows", body | {"version": version - 1}))[0] == 412
    for wrong, field in (
        ([{"n": 2, "corrections": {"c1": 3}}], "/rows/0/corrections/c1"),
        ([rows[0], rows[0]], "/rows"),
    ):
        status, told = await office.send("PATCH", f"{url}/rows", body | {"rows": wrong})
        assert (status, told["errors"][0]["pointer"]) == (422, field), told
    assert (await office.send("PATCH", f"{url}/rows", body | {"rows": [{"n": 1}]}))[0] == 404
    status, told = await office.send("PATCH", f"{url}/rows", body)
    assert status == 202, told
    counts = (await office.read(await office.rested(url)))["counts"]
    assert counts | {"create": 2, "skip": 1, "waiting": 0, "storing": 2} == counts


async def test_a_list_of_hotlines_from_upload_to_undo(office: FileClient) -> None:
    answer = await office.client.get("/v1/templates/hotline", headers=office.headers)
    assert answer.status_code == 200, answer.text
    url = await office.bring("名称,电话,所属乡镇\n值班室,12350,town\n".encode(), kind="hotline")
    status, page = await office.send("GET", f"{url}/rows?action=create", None)
    assert (status, [row["body"]["number"] for row in page["rows"]]) == (200, ["12350"])
    intake = await office.commit(url)
    assert (intake["state"], intake["receipt"]["commits"][0]["created"]) == ("committed", 1), intake
    hotlines = await office.client.get("/v1/hotlines?place=town", headers=office.headers)
    assert "12350" in hotlines.text
    assert (await office.send("POST", f"{url}/undo", {}))[0] == 202
    assert (await office.read(await office.rested(url)))["state"] == "undone"
    hotlines = await office.client.get("/v1/hotlines?place=town", headers=office.headers)
    assert "12350" not in hotlines.text


async def test_an_exercise_that_is_not_begun_has_its_template(office: FileClient) -> None:
    answer = await office.client.get("/v1/templates/shelter?exercise=spring", headers=office.headers)
    assert answer.status_code == 200, answer.text
    assert "spring" in answer.headers["content-disposition"]


async def test_a_file_is_looked_through_before_it_opens_its_exercise(office: FileClient) -> None:
    """A row set aside tells why, so that the page can say it; 同上 proposes what stands above."""
    content = "名称,乡镇,容量\n城北第三小学,town,300\n城南第五中学,town,同上\n合计,,300\n".encode()
    url = "/v1/intakes?kind=shelter&name=drill.csv&exercise=new-drill"
    answer = await office.client.post(url, content=content, headers=office.headers)
    assert answer.status_code == 202, answer.text
    url = answer.headers["location"] + "?exercise=new-drill"
    await office.rested(url)
    assert (await office.send("GET", "/v1/intakes?exercise=new-drill", None))[0] == 200
    rows_url = url.replace("?", "/rows?")
    status, page = await office.send("GET", rows_url, None)
    assert (status, page["rows"][0]["codes"], page["rows"][-1]["codes"]) == (200, ["header"], ["total"])
    [ditto] = [one for one in page["rows"][2]["findings"] if one["code"] == "same_as_above"]
    assert ditto["proposal"] == "300"


async def test_questions_are_answered_with_the_etag_that_was_read(office: FileClient) -> None:
    url = await office.bring("甲,乙\n示例戊场所,3\n".encode())
    [question] = (await office.read(url))["report"]["questions"]
    assert question["choices"] == [
        {"row": 1, "cells": ["甲", "乙"]},
        {"row": 2, "cells": ["示例戊场所", "3"]},
    ]
    etag = (await office.client.get(url, headers=office.headers)).headers["etag"]
    answers = {"header_row": 1, "columns": {"A": "name", "B": "capacity_persons"}}
    assert (await office.send("PATCH", url, answers))[0] == 428
    assert (await office.send("PATCH", url, {"colour": 1}, **{"If-Match": etag}))[0] == 400
    assert (await office.send("PATCH", url, answers, **{"If-Match": etag}))[0] == 202
    await office.rested(url)
    assert (await office.read(url))["counts"]["create"] == 1
    assert (await office.send("PATCH", url, answers, **{"If-Match": etag}))[0] == 412


async def test_m1_comes_in_as_its_office_made_it(office: FileClient) -> None:
    url = await office.bring((DATA / "m1-shelters-form.xlsx").read_bytes(), name="m1.xlsx")
    intake = await office.read(url)
    assert intake["report"]["sheets_not_read"]
    rows = (await office.send("GET", f"{url}/rows", None))[1]["rows"]
    assert sum(row["action"] != "aside" for row in rows) == 12
    assert [row["n"] for row in rows if row["action"] == "aside" and row["n"] > 16] == [17, 18, 19, 20]


@pytest.mark.parametrize("make", [make for make, _ in HOSTILE[::4]])
async def test_a_hostile_file_is_refused_with_its_reason_and_the_server_answers(
    office: FileClient, make: Callable[[], bytes]
) -> None:
    url = await office.bring(make(), name=make.__name__)
    intake = await office.read(url)
    assert intake["state"] == "refused", intake
    assert intake["problem"]["zh"]
    assert intake["problem"]["en"]
    assert (await office.client.get("/health/ready")).status_code == 200


async def test_a_killed_commit_leaves_nothing_and_is_done_again(
    office: FileClient, api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies while its transaction waits in the middle; the next attempt stores everything once."""
    begun: list[AnalysisProcess] = []
    made: Callable[..., AnalysisProcess] = AnalysisProcess

    def begin(*order: Any) -> AnalysisProcess:
        begun.append(made(*order))
        return begun[-1]

    rows = "".join(f"C{number},城北{number}号小学,town,{number}\n" for number in range(300))
    url = await office.bring(f"编号,名称,乡镇,容量\n{rows}".encode())
    assert (await office.read(url))["counts"]["storing"] == 300
    monkeypatch.setattr("registry.jobs.runner.AnalysisProcess", begin)
    async with a_connection(api_url) as connection:
        lock = connection.transaction()
        await lock.start()
        await connection.execute("LOCK TABLE change_log IN SHARE MODE")
        body = {"version": (await office.read(url))["version"]}
        assert (await office.send("POST", f"{url}/commit", body))[0] == 202
        await until(lambda: connection.fetchval(WAITS), within_s=60)
        assert begun[-1].pid is not None
        os.kill(begun[-1].pid, signal.SIGKILL)
        await until(lambda: len(begun) > 1, within_s=60)
        assert tuple(await connection.fetchrow(STORED)) == (0, 0)
        assert (await office.read(url))["state"] == "checked"
        await lock.rollback()
        await office.rested(url)
        intake = await office.read(url)
        assert intake["state"] == "committed", intake
        assert tuple(await connection.fetchrow(STORED)) == (300, 300)


WAITS = (
    "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'change_log'::regclass AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)
STORED = "SELECT (SELECT count(*) FROM resource), (SELECT count(*) FROM change_log)"


@asynccontextmanager
async def a_connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_file_is_read_while_other_requests_are_answered(office: FileClient) -> None:
    rows = "".join(f"D{number},城南{number}号小学,town,{number}\n" for number in range(3000))
    bringing = asyncio.create_task(office.bring(f"编号,名称,乡镇,容量\n{rows}".encode()))
    asked = 0
    while not bringing.done():
        assert (await office.client.get("/v1/resources?kind=shelter")).status_code == 200
        asked += 1
        await asyncio.sleep(0.05)
    assert asked > 5
    intake = await office.read(await bringing)
    assert intake["counts"]["create"] == 3000


async def test_workbooks_and_reports_leave_as_files(office: FileClient) -> None:
    url = await office.bring(TEXT)
    await office.commit(url)
    own = await office.client.get(f"{url}/file", headers=office.headers)
    filled = await office.client.get("/v1/templates/shelter?place=town", headers=office.headers)
    for answer in (own, filled):
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(b"PK")
        assert "filename*=UTF-8''" in answer.headers["content-disposition"]
    again = await office.bring(filled.content, name="filled.xlsx")
    assert (await office.read(again))["counts"]["unchanged"] == 1
    report = "/v1/reports/kind?kind=shelter&place=town"
    figures = (await office.client.get(report, headers=office.headers)).json()
    assert figures["total"]["measures"]["capacity_persons"]["sum"] == 300
    assert {"completeness", "undecided", "excluded"} <= figures.keys()
    properties = {
        "kind": "shelter",
        "name": {"zh": "演练避难所"},
        "place": "town",
        "location": {"quality": "unknown"},
    }
    body = {"type": "Feature", "geometry": None, "properties": properties}
    made = await office.client.post("/v1/resources?exercise=demo", json=body, headers=office.headers)
    assert made.status_code == 201, made.text
    for form in ("xlsx", "docx", "html"):
        answer = await office.client.get(f"{report}&f={form}&exercise=demo", headers=office.headers)
        assert answer.status_code == 200, answer.text
        named = answer.headers.get("content-disposition", "")
        assert form == "html" or "%E6%BC%94%E7%BB%83-demo-" in named, "a drill says so in its name"


async def test_the_first_file_of_an_exercise_makes_it(office: FileClient) -> None:
    answer = await office.client.post(
        "/v1/intakes?kind=shelter&name=a.csv&exercise=new-drill", content=TEXT, headers=office.headers
    )
    assert answer.status_code == 202, answer.text
    url = f"{answer.headers['location']}?exercise=new-drill"
    assert (await office.read(await office.rested(url)))["counts"]["create"] == 1


async def test_a_body_that_is_no_file(office: FileClient) -> None:
    assert (
        await office.client.post("/v1/intakes?kind=shelter&name=a", headers=office.headers)
    ).status_code == 422
    big = await office.client.post(
        "/v1/intakes?kind=shelter&name=a", content=b"x" * (32 * 2**20 + 1), headers=office.headers
    )
    assert big.status_code == 413

"""An office's list of 100,000 rows: read and checked, stored in one transaction, brought again."""

import asyncio
import csv
import io
import random
import resource
import time
from typing import Any
from uuid import UUID

import shapely

from benchmarks.figures import Figure, at_most
from benchmarks.stage import SEED, Stage
from registry.cli import seed
from registry.domain.access.actor import SYSTEM, sight_of
from registry.runtime.database import writing
from registry.services.intake.files.check_intake import check_intake
from registry.services.intake.files.commit_intake import commit_intake
from registry.services.intake.files.receive import receive
from registry.services.intake.files.tasks import IntakeTask, Step
from registry.services.records.work import Work
from registry.store.database import migrations
from registry.store.places import places
from tests.scratch import scratch_cluster

AREA = "intake"
ROWS = 100_000
COLUMNS = (
    *("编号", "名称", "所属街镇", "经度(WGS84)", "纬度(WGS84)", "容量", "面积", "联系人", "联系电话", "备注"),
    *("级别", "地址", "管理单位", "开放状态", "避难时长", "场所类型", "适用灾害", "设施", "使用状态", "序号"),
)
SYLLABLES = "龙凤石永新安稳东溪赶水打通扶欢郭篆塘三角丁山中峰横古南文惠"
ENDINGS = ("小学", "中学", "广场", "公园", "村委会", "体育馆")
"""The names are made: a syllable twice over, a number, an ending."""


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Times of the steps, and the memory of this process; all rows are stored in one transaction."""
    with scratch_cluster() as url:
        migrations.upgrade(url)
        seed.first(url)
        taken = asyncio.run(_steps(url, ROWS))
    own_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    reader_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [
        at_most(AREA, f"read and check {ROWS:,} rows × {len(COLUMNS)}", taken["check"], 60, " s"),
        at_most(AREA, f"store {ROWS:,} records in one transaction", taken["commit"], 30, " s"),
        at_most(AREA, "check the same file again", taken["again"], 60, " s"),
        at_most(AREA, "changes of the same file again", taken["changed"], 0, ""),
        at_most(AREA, "memory of the process that reads", reader_mib, 600, " MiB"),
        Figure(AREA, "memory of the process that checks and stores", f"{own_mib:.0f} MiB"),
    ]


async def _steps(url: str, rows: int) -> dict[str, float]:
    content = await _made(url, rows)
    first, check_s = await _checked(url, content)
    begun_s = time.perf_counter()
    receipt = await commit_intake(lambda: writing(url), _task("commit", first))
    commit_s = time.perf_counter() - begun_s
    assert receipt["created"] == rows, receipt
    second, again_s = await _checked(url, content)
    again = await commit_intake(lambda: writing(url), _task("commit", second))
    return {
        "check": check_s,
        "commit": commit_s,
        "again": again_s,
        "changed": again["created"] + again["updated"],
    }


def _task(step: Step, intake: UUID) -> IntakeTask:
    return IntakeTask(step=step, intake=intake, actor=SYSTEM)


async def _checked(url: str, content: bytes) -> tuple[UUID, float]:
    async with writing(url) as writer:
        identity = await receive(Work(writer, SYSTEM, sight_of(SYSTEM)), "shelter", "list.csv", content)
    begun_s = time.perf_counter()
    checked = await check_intake(lambda: writing(url), _task("check", identity))
    taken_s = time.perf_counter() - begun_s
    assert not checked.report.questions, checked.report.questions
    return identity, taken_s


async def _made(url: str, rows: int) -> bytes:
    """A list of shelters, each in a town of the seeds and near its seat."""
    async with writing(url) as reader:
        towns = await places.find(reader, {"parent": "500110", "level": "town"}, 100, extents=True)
    seats = [(town["name_zh"], *_seat(town)) for town in towns if town["extent"]]
    chance = random.Random(SEED)
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for number in range(rows):
        lines.writerow(_row(number, chance, *chance.choice(seats)))
    return text.getvalue().encode("gb18030")


def _seat(town: Any) -> tuple[float, float]:
    """A point inside the town: nearly every row lies in the town that it states, as in a list with care."""
    inside = shapely.from_geojson(town["extent"]).representative_point()
    return inside.x, inside.y


def _row(number: int, chance: random.Random, town: str, lon: float, lat: float) -> list[str]:
    name = "".join(chance.choice(SYLLABLES) for _ in range(2)) + str(number) + chance.choice(ENDINGS)
    spot = [f"{at + chance.gauss(0, 0.005):.6f}" for at in (lon, lat)]
    figures = [str(chance.randrange(50, 3000)), str(chance.randrange(100, 9000))]
    about = ["示例", f"000{number:08d}", "示例", "乡镇级", f"綦江区{town}示例路{number}号", "示例单位"]
    state = ["未开放", "短期", "室内", "地震", "供电、饮水", "在用", str(number)]
    return [f"N{number}", name, town, *spot, *figures, *about, *state]

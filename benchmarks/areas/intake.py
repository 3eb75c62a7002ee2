"""An office's list of 100,000 rows over HTTP: read, checked, stored in one transaction, killed, and again."""

import asyncio
import csv
import io
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import shapely

from benchmarks.areas.writes import a_key
from benchmarks.figures import Figure, at_most
from benchmarks.stage import SEED, WITHOUT_LIMITS, Stage, prepare, served
from registry.cli import seed
from registry.runtime.database import writing
from registry.store.database import migrations
from registry.store.files.child_process import read_in_child
from registry.store.places import places
from tests.scratch import scratch_cluster

AREA = "intake"
ROWS, KILLED_ROWS = 100_000, 20_000
KNOWN = 30_000
"""Records of the registry before: others find what they ask for among them."""
ASKED_EVERY_S, LOOK_EVERY_S, ALONE_S = 0.03, 0.2, 10.0
LONGEST_S = 1200.0
NO_KEEPING = httpx.Limits(max_keepalive_connections=0)
"""A connection that is kept may be closed by the server just when the next request is sent."""
NEAR = "/v1/proximity/nearest?lon=106.65&lat=29.03&kind=shelter&k=10"
JOB_PROCESS = "registry.jobs.intake_main"
COLUMNS = (
    *("编号", "名称", "所属街镇", "经度(WGS84)", "纬度(WGS84)", "容量", "面积", "联系人", "联系电话", "备注"),
    *("级别", "地址", "管理单位", "开放状态", "避难时长", "场所类型", "适用灾害", "设施", "使用状态", "序号"),
)
SYLLABLES = "龙凤石永新安稳东溪赶水打通扶欢郭篆塘三角丁山中峰横古南文惠"
ENDINGS = ("小学", "中学", "广场", "公园", "村委会", "体育馆")
"""The names are made: a syllable twice over, a number, an ending."""


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Times of the steps as the office sees them, and the slowest hundredth of what others ask meanwhile."""
    with scratch_cluster() as url:
        migrations.upgrade(url)
        seed.first(url)
        stage = prepare(url, KNOWN)
        url = stage.database_url
        content = asyncio.run(_made(url, ROWS))
        asyncio.run(read_in_child(content))
        reader_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        key = asyncio.run(a_key(url))
        with served(stage, **WITHOUT_LIMITS) as server, Office(server.url, key) as office:
            return [
                at_most(AREA, f"memory of the process that reads {ROWS:,} rows", reader_mib, 600, " MiB"),
                *_whole(office, content),
                *_killed(office, asyncio.run(_made(url, KILLED_ROWS, "K")), server.supervisor),
            ]


def _whole(office: "Office", content: bytes) -> list[Figure]:
    with office.others() as alone_ms:
        time.sleep(ALONE_S)
    with office.others() as check_ms:
        intake, check_s = office.bring(content)
    with office.others() as commit_ms:
        receipt, commit_s = office.commit(intake)
    assert receipt["created"] == ROWS, receipt
    again, again_s = office.bring(content)
    changes = office.read(again)["counts"]["storing"]
    alone = _p99(alone_ms)
    return [
        at_most(AREA, f"read and check {ROWS:,} rows × {len(COLUMNS)}", check_s, 60, " s"),
        at_most(AREA, f"store {ROWS:,} records in one transaction", commit_s, 30, " s"),
        at_most(AREA, "check the same file again", again_s, 60, " s"),
        at_most(AREA, "changes of the same file again", changes, 0, ""),
        Figure(AREA, "nearest of others, p99 alone", f"{alone:.1f} ms"),
        at_most(AREA, "nearest of others, p99 beside reading and checking", _p99(check_ms) / alone, 2, " ×"),
        at_most(AREA, "questions of others that were refused", office.refused, 0, ""),
        at_most(AREA, "nearest of others, p99 beside storing", _p99(commit_ms) / alone, 2, " ×"),
    ]


def _killed(office: "Office", content: bytes, supervisor: int) -> list[Figure]:
    """The process that stores is killed in the middle of its transaction; the next attempt stores all."""
    intake, _ = office.bring(content)
    before = office.records()
    office.begin(intake)
    pid = office.wait(lambda: _in_the_middle(office, intake) and _job_process(supervisor))
    os.kill(pid, signal.SIGKILL)
    left = office.records() - before
    receipt = office.rested(intake)["receipt"]["commits"][-1]
    lost = KILLED_ROWS - receipt["created"]
    stored = office.records() - before - KILLED_ROWS
    return [
        at_most(AREA, "records of a killed transaction", left, 0, ""),
        at_most(AREA, "records lost or doubled by the next attempt", abs(lost) + abs(stored), 0, ""),
    ]


def _in_the_middle(office: "Office", intake: str) -> bool:
    job = office.read(intake)["job"]
    assert job["status"] not in RESTED, "the transaction ended before it was killed"
    return int(job.get("progress") or 0) >= 30


def _job_process(supervisor: int) -> int | None:
    """The process of the job that a server of this supervisor runs."""
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
            if JOB_PROCESS.encode() in command and supervisor in _above(int(entry.name)):
                return int(entry.name)
        except (OSError, ValueError):
            continue
    return None


def _above(pid: int) -> Iterator[int]:
    while pid > 1:
        yield pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


RESTED = ("successful", "failed", "dismissed")


class Office:
    """A planner who brings files over HTTP, beside somebody who asks what is near."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.refused = 0
        self._client = httpx.Client(base_url=url, headers=headers, timeout=60, limits=NO_KEEPING)

    def __enter__(self) -> "Office":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def bring(self, content: bytes) -> tuple[str, float]:
        """Upload a file; its address, and the seconds until it was checked."""
        begun_s = time.perf_counter()
        answer = self._client.post("/v1/intakes?kind=shelter&name=list.csv", content=content)
        answer.raise_for_status()
        intake = answer.headers["location"]
        checked = self.rested(intake)
        assert checked["state"] == "checked", checked
        return intake, time.perf_counter() - begun_s

    def commit(self, intake: str) -> tuple[dict[str, Any], float]:
        """Store a file; its receipt, and the seconds that it took."""
        begun_s = time.perf_counter()
        self.begin(intake)
        stored = self.rested(intake)
        assert stored["state"] == "committed", stored
        return stored["receipt"]["commits"][-1], time.perf_counter() - begun_s

    def begin(self, intake: str) -> None:
        """Ask for a file to be stored."""
        version = self.read(intake)["version"]
        self._client.post(f"{intake}/commit", json={"version": version}).raise_for_status()

    def read(self, intake: str) -> dict[str, Any]:
        """What the registry says of a file."""
        return dict(self._client.get(intake).raise_for_status().json())

    def rested(self, intake: str) -> dict[str, Any]:
        """The file when its job has ended."""
        self.wait(lambda: self.read(intake)["job"]["status"] in RESTED)
        return self.read(intake)

    def wait(self, condition: Any) -> Any:
        """The value of a condition as soon as it holds."""
        end_s = time.monotonic() + LONGEST_S
        while time.monotonic() < end_s:
            if value := condition():
                return value
            time.sleep(LOOK_EVERY_S)
        raise TimeoutError("the job did not end")

    def records(self) -> int:
        """How many shelters of the office there are for everybody."""
        answer = self._client.get("/ogc/collections/shelters/items?limit=1&f=json").raise_for_status()
        return int(answer.json()["numberMatched"])

    @contextmanager
    def others(self) -> Iterator[list[float]]:
        """The milliseconds of one question after the other that somebody else asks meanwhile."""
        taken_ms: list[float] = []
        stop = threading.Event()

        def ask() -> None:
            with httpx.Client(base_url=self._client.base_url, timeout=60, limits=NO_KEEPING) as client:
                while not stop.wait(ASKED_EVERY_S):
                    begun_s = time.perf_counter()
                    self.refused += not client.get(NEAR).is_success
                    taken_ms.append((time.perf_counter() - begun_s) * 1000)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield taken_ms
        finally:
            stop.set()
            asking.join()


async def _made(url: str, rows: int, series: str = "N") -> bytes:
    """A list of shelters, each in a town of the seeds and near its seat."""
    async with writing(url) as reader:
        towns = await places.find(reader, {"parent": "500110", "level": "town"}, 100, extents=True)
    seats = [(town["name_zh"], *_seat(town)) for town in towns if town["extent"]]
    chance = random.Random(SEED)
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for number in range(rows):
        lines.writerow(_row(f"{series}{number}", chance, *chance.choice(seats)))
    return text.getvalue().encode("gb18030")


def _seat(town: Any) -> tuple[float, float]:
    """A point inside the town: nearly every row lies in the town that it states, as in a list with care."""
    inside = shapely.from_geojson(town["extent"]).representative_point()
    return inside.x, inside.y


def _row(number: str, chance: random.Random, town: str, lon: float, lat: float) -> list[str]:
    name = "".join(chance.choice(SYLLABLES) for _ in range(2)) + number + chance.choice(ENDINGS)
    spot = [f"{at + chance.gauss(0, 0.005):.6f}" for at in (lon, lat)]
    figures = [str(chance.randrange(50, 3000)), str(chance.randrange(100, 9000))]
    about = [
        "示例",
        f"000{chance.randrange(10**8):08d}",
        "示例",
        "乡镇级",
        f"綦江区{town}示例路{number}号",
        "示例单位",
    ]
    state = ["未开放", "短期", "室内", "地震", "供电、饮水", "在用", number]
    return [number, name, town, *spot, *figures, *about, *state]

"""`registry roads` from the terminal, and the network that questions find afterwards."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner

from registry.cli.main import registry
from registry.domain.errors import RegistryError
from registry.domain.roads.leg import RoadSpot
from registry.runtime import database
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.roads import current_roads
from registry.services.roads.current_roads import CurrentRoads
from registry.store.database.pool import Reader, reading
from registry.store.roads import mapped_file
from tests.builders import a_resource
from tests.roads import SYN60, write_osm

T = TypeVar("T")
RING = [1, 2, 3, 4, 1]
SQUARE = {1: (106.60, 29.0), 2: (106.61, 29.0), 3: (106.61, 29.01), 4: (106.60, 29.01)}


@pytest.fixture
def url(new_database) -> str:
    made: str = new_database()
    return made


def run(url: str, *arguments: str):
    return CliRunner().invoke(
        registry, ["roads", *arguments], env={"DATABASE_URL": as_role(url), "REGISTRY_OWNER_URL": url}
    )


def asked(url: str, ask: Callable[[Reader], Awaitable[T]]) -> T:
    async def answer() -> T:
        async with reading(Settings(), as_role(url)) as reader:
            return await ask(reader)

    with asyncio.Runner() as runner:
        return runner.run(answer())


def test_roads_are_loaded_checked_and_searched(url: str, tmp_path: Path) -> None:
    assert asked(url, CurrentRoads(tmp_path).of) is None
    loaded = json.loads(run(url, "load", str(SYN60), "--json").output)
    assert loaded["counts"]["junctions"] == 3600
    assert loaded["counts"]["limited"] == 2
    report = json.loads(run(url, "check", "--json").output)
    assert report["version"] == loaded["version"]
    assert report["is_whole"]
    assert report["counts"] == loaded["counts"]
    shown = run(url, "check")
    assert shown.exit_code == 0
    for words in ("© OpenStreetMap contributors", "whole", "3600", "default-1"):
        assert words in shown.output

    async def twice(reader: Reader) -> None:
        first = await CurrentRoads(tmp_path).of(reader)
        follower = CurrentRoads(tmp_path)
        second = await follower.of(reader)
        assert await follower.of(reader) is second
        spots = [RoadSpot(106.62, 29.02), RoadSpot(106.67, 29.06)]
        in_memory = await CurrentRoads(None).of(reader)
        answers = [one.seconds(spots[:1], spots[1]) for one in (first, second, in_memory)]
        assert answers[0][0].seconds_min > 0
        assert answers[0] == answers[1] == answers[2]

    asked(url, twice)
    assert [path.name for path in tmp_path.glob("*")] == [loaded["version"] + mapped_file.SUFFIX]


def test_another_load_switches_and_the_version_before_is_kept(url: str, tmp_path: Path) -> None:
    newer = write_osm(tmp_path / "b.osm.pbf", SQUARE, [(RING, {"highway": "primary"})])
    versions = [
        json.loads(run(url, "load", str(path), "--extract-at", day, "--json").output)["version"]
        for path, day in ((SYN60, "2026-01-01"), (newer, "2026-02-01"), (newer, "2026-03-01"))
    ]
    assert len(set(versions)) == 3
    again = json.loads(run(url, "load", str(newer), "--extract-at", "2026-03-01", "--json").output)
    assert (again["version"], again["previous"]) == (versions[2], versions[2])
    search = asked(url, CurrentRoads(tmp_path / "files").of)
    assert search is not None
    assert search.known().version == versions[2]


def test_an_older_extract_is_refused(url: str) -> None:
    assert run(url, "load", str(SYN60), "--extract-at", "2026-05-01").exit_code == 0
    refused = run(url, "load", str(SYN60), "--extract-at", "2026-04-01")
    assert isinstance(refused.exception, RegistryError)
    assert "load a newer extract" in str(refused.exception)


def test_the_nearest_are_told_in_minutes(url: str, tmp_path: Path) -> None:
    run(url, "load", str(SYN60))

    async def fill() -> None:
        async with database.writing(url) as writer:
            await a_resource(writer, "rescue_team", 106.66, 29.03, name={"zh": "近队"})
            await a_resource(writer, "rescue_team", 106.3, 29.03, name={"zh": "远队"})

    with asyncio.Runner() as runner:
        runner.run(fill())
    environment = {"DATABASE_URL": as_role(url), "REGISTRY_DATA_DIR": str(tmp_path)}
    asked = ["nearest", "106.65", "29.03", "--by", "minutes", "--kind", "rescue_team"]
    shown = CliRunner().invoke(registry, asked, env=environment)
    assert shown.exit_code == 0, shown.output
    for words in ("≥", "近队", "© OpenStreetMap contributors", "free flow", "no_road_data"):
        assert words in shown.output
    answer = json.loads(CliRunner().invoke(registry, [*asked, "--json"], env=environment).output)
    assert answer["ranked_by"] == "minutes"
    assert answer["features"][0]["properties"]["travel"]["minutes"] > 0


def test_without_roads_check_says_so(url: str) -> None:
    assert "road network" in str(run(url, "check").exception)


@pytest.mark.parametrize("box", ["1,2,3", "107,29,106,30", "a,b,c,d"])
def test_a_box_that_is_none_is_refused(url: str, box: str) -> None:
    assert run(url, "load", str(SYN60), "--within", box).exit_code == 2


def test_without_the_optional_packages_nothing_is_searched(url: str, monkeypatch) -> None:
    run(url, "load", str(SYN60))
    monkeypatch.setattr(current_roads, "find_spec", lambda _: None)
    assert asked(url, CurrentRoads(None).of) is None
    assert "emergency-registry[roads]" in str(run(url, "load", str(SYN60)).exception)


def test_the_application_itself_stores_no_roads(url: str) -> None:
    async def ask(reader: Reader) -> None:
        async with reader.writer() as writer:
            with pytest.raises(Exception, match="permission denied"):
                await writer.script("DELETE FROM road_network")
            raise RegistryError

    with pytest.raises(RegistryError):
        asked(url, ask)

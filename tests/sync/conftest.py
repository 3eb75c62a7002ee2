"""One registry for the tests of this folder; each test has an exercise of its own."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.sync.world import Device, World


@pytest.fixture(scope="module")
def world(new_database: Callable[[], str]) -> Iterator[World]:
    """A running registry."""
    with World(new_database()).open() as opened:
        yield opened


@pytest.fixture
def device(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Device]]:
    """Makes devices of this test's exercise."""
    numbers, made = count(1), list[Device]()
    exercise = f"t{abs(hash(request.node.name))}"

    def make(**scope: object) -> Device:
        name = f"{exercise}-{next(numbers)}"
        made.append(Device(world, tmp_path / name, name, **({"exercise": exercise} | scope)))
        return made[-1]

    yield make
    for one in made:
        world.run(one.app.close())

"""The worlds that the tests of access share."""

from collections.abc import AsyncIterator

import pytest

from tests.access.worlds import MOVED, World, world


@pytest.fixture(scope="package")
def urls(new_database) -> list[str]:
    return [new_database() for _ in range(5)]


@pytest.fixture(scope="package")
async def full(urls: list[str]) -> AsyncIterator[World]:
    """Every record."""
    async with world(urls[0], lambda _: True) as made:
        yield made


@pytest.fixture(scope="package")
async def without_restricted(urls: list[str]) -> AsyncIterator[World]:
    """No restricted record."""
    async with world(urls[1], lambda named: named.visibility != "restricted") as made:
        yield made


@pytest.fixture(scope="package")
async def moved(urls: list[str]) -> AsyncIterator[World]:
    """No restricted record, and the internal ones elsewhere in their cell."""
    async with world(urls[2], lambda named: named.visibility != "restricted", MOVED) as made:
        yield made


@pytest.fixture(scope="package")
async def without_other_town(urls: list[str]) -> AsyncIterator[World]:
    """No restricted record in the town that the field officer does not work in."""
    async with world(urls[3], lambda named: named.visibility != "restricted" or named.town == "T1") as made:
        yield made


@pytest.fixture(scope="package")
async def writable(urls: list[str]) -> AsyncIterator[World]:
    """Every record, in a world that the tests of writing change."""
    async with world(urls[4], lambda _: True) as made:
        yield made

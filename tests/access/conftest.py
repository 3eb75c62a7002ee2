"""The worlds that the tests of access share."""

from collections.abc import AsyncIterator

import pytest

from tests.access.worlds import EXACT, MOVED, Named, World, was_in_first_town, was_public, world


@pytest.fixture(scope="package")
def urls(new_database) -> list[str]:
    return [new_database() for _ in range(11)]


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


@pytest.fixture(scope="package")
async def worked_on(urls: list[str]) -> AsyncIterator[World]:
    """Every record, in a world in which officers try what they may not do."""
    async with world(urls[10], lambda _: True) as made:
        yield made


@pytest.fixture(scope="package")
async def reclassified(urls: list[str]) -> AsyncIterator[World]:
    """Every record; what is secret now was public at first, where it is."""
    async with world(urls[5], lambda _: True, EXACT, was_public) as made:
        yield made


@pytest.fixture(scope="package")
async def reclassified_elsewhere(urls: list[str]) -> AsyncIterator[World]:
    """No restricted record; the internal ones were public at first, elsewhere in their cell."""
    async with world(urls[6], lambda named: named.visibility != "restricted", MOVED, was_public) as made:
        yield made


@pytest.fixture(scope="package")
async def reclassified_without_restricted(urls: list[str]) -> AsyncIterator[World]:
    """No restricted record; the internal ones were public at first."""
    async with world(urls[7], lambda named: named.visibility != "restricted", EXACT, was_public) as made:
        yield made


@pytest.fixture(scope="package")
async def transferred(urls: list[str]) -> AsyncIterator[World]:
    """Every record; the restricted ones of the second town lay in the first."""
    async with world(urls[8], lambda _: True, EXACT, was_in_first_town) as made:
        yield made


@pytest.fixture(scope="package")
async def transferred_without_other_town(urls: list[str]) -> AsyncIterator[World]:
    """The same without the restricted records that are in the second town now."""

    def keep(named: Named) -> bool:
        return named.visibility != "restricted" or named.town == "T1"

    async with world(urls[9], keep, EXACT, was_in_first_town) as made:
        yield made

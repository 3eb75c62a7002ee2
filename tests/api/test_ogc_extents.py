"""When the features of a collection hold, as its description says it."""

import pytest

from tests.builders import a_resource

JUNE, JULY = "2026-06-01T00:00:00+00:00", "2026-07-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("exercise", "begins", "ends", "said"),
    [
        ("both-ends", JUNE, JULY, [[JUNE, JULY]]),
        ("one-end", JUNE, None, [[JUNE, None]]),
        ("no-end", None, None, None),
    ],
)
async def test_a_time_is_said_only_when_one_end_is_known(
    client, stored, exercise, begins, ends, said
) -> None:
    await a_resource(stored, "shelter", exercise=exercise, valid_from=begins, valid_to=ends)
    made = (await client.get(f"/ogc/collections/shelters?exercise={exercise}")).json()
    assert made["extent"]["spatial"]
    assert made["extent"].get("temporal", {}).get("interval") == said

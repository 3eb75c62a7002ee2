"""The short drill: what `./dev drill` does two hundred times, a few times."""

import os

from tests.faults import drill


def test_kills_lose_nothing_and_leave_nothing_half(record_property) -> None:
    seed = int.from_bytes(os.urandom(4))
    outcome = drill.run(20, 5, seed)
    record_property("seed", seed)
    print(outcome)
    assert outcome.faults == []
    assert {what: count for what, count in outcome.found.items() if count} == {}
    assert outcome.acknowledged > 5 * drill.CLIENTS
    assert outcome.doubts, "no strike was felt"

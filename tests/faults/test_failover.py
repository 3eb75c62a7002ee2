"""One failover of what `./dev drill --failover` does ten times."""

import os

from tests.faults import failover


def test_a_failover_loses_nothing_and_nobody_begins_anew(record_property) -> None:
    seed = int.from_bytes(os.urandom(4))
    record_property("seed", seed)
    outcome = failover.run(1, seed)
    print(outcome)
    assert outcome.faults == []
    assert {what: count for what, count in outcome.found.items() if count} == {}
    assert outcome.doubts, "no failover was felt"

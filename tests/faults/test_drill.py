"""The short drill: what `./dev drill` does two hundred times, a few times."""

import json
import os

from tests.faults import drill
from tests.faults.webhooks import inspected


def test_kills_lose_nothing_and_leave_nothing_half(record_property) -> None:
    seed = int.from_bytes(os.urandom(4))
    outcome = drill.run(20, 5, seed)
    record_property("seed", seed)
    print(outcome)
    assert outcome.faults == []
    assert {what: count for what, count in outcome.found.items() if count} == {}
    assert outcome.acknowledged > 5 * drill.CLIENTS
    assert outcome.doubts, "no strike was felt"


def test_what_the_drill_counts_of_webhooks_is_counted() -> None:
    """A loss, a swap, a second identity and a second body are each found."""

    def message(identity: str, version: int, note: str = "") -> tuple[dict[str, str], bytes]:
        body = json.dumps({"data": {"id": "r", "version": version}, "note": note}).encode()
        return {"webhook-id": identity}, body

    changes = {("r", 1), ("r", 2), ("r", 3)}
    good = [message("a", 1), message("b", 2), message("b", 2), message("c", 3)]
    assert set(inspected(changes, good).values()) == {0}
    assert list(inspected(changes, good[:2]).values()) == [1, 0, 0, 0]
    assert list(inspected(changes, [good[1], good[0], good[3]]).values()) == [0, 1, 0, 0]
    assert list(inspected(changes, [*good, message("d", 3)]).values()) == [0, 0, 1, 0]
    assert list(inspected(changes, [*good, message("c", 3, "again")]).values()) == [0, 0, 0, 1]

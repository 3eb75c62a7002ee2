"""Any number of devices, cut lines, lost answers, deaths, wrong clocks, restores: what must always hold."""

import itertools
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from registry.domain.records.change import Change, new_version
from registry.store.database.pool import Writer, prepare
from registry.store.records import changes
from tests.builders import NOW, make
from tests.sync.test_client import SHELTER
from tests.sync.world import Device, World

DEVICES = 3
EXAMPLES = int(os.environ.get("FLEET_EXAMPLES", "12"))
"""A few for every check; a night may take thousands. What failed is printed and tried first the next time."""
MEMBERS = ("note", "manager", "capacity_persons")
LATE = Change(verb="create", actor="late", at=NOW)
WHO, WHICH = st.integers(0, DEVICES - 1), st.integers(0, 9)


class Edit:
    """What a person saw when they changed a member: on the screen, and in the registry's words."""

    def __init__(self, device: Device, identity: str, member: str) -> None:
        shown, told = device.app.get(identity), device.app._store.record(identity)
        self.member, self.identity = member, identity
        self.seen = {_text(one and one["properties"].get(member)) for one in (shown, told)}


def _text(value: object) -> str:
    return json.dumps(value)


class Fleet(RuleBasedStateMachine):
    """Devices and a registry; the invariants are looked at when everything has healed."""

    world: ClassVar[World]
    numbers: ClassVar = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        """A fresh exercise, one record that everybody knows."""
        self.exercise = f"m{next(self.numbers)}"
        self.folder = tempfile.TemporaryDirectory()
        self.tags = (f"{self.exercise}-{n}" for n in itertools.count(1))
        self.devices = [self._device(n) for n in range(DEVICES)]
        self.edits: dict[str, Edit] = {}
        self.done: dict[str, Any] = {}
        self.reader = self.world.key(f"{self.exercise}-reader")
        self.cursor: str | None = None
        self.told: list[dict[str, Any]] = []
        self.late: tuple[asyncpg.Connection, Any] | None = None
        self.records = [self.devices[0].app.create(SHELTER, next(self.tags))]
        for one in (self.devices[0], *self.devices):
            self._sync(one)

    def _device(self, number: int) -> Device:
        holder = f"{self.exercise}-{number}"
        return Device(self.world, Path(self.folder.name, holder), holder, exercise=self.exercise)

    def _known(self, device: Device, which: int) -> str | None:
        known = [identity for identity in self.records if device.app.get(identity) is not None]
        return known[which % len(known)] if known else None

    @rule(who=WHO)
    def create(self, who: int) -> None:
        """Somebody records something new."""
        self.records.append(self.devices[who].app.create(SHELTER, next(self.tags)))

    @rule(who=WHO, which=WHICH, member=st.sampled_from(MEMBERS))
    def edit(self, who: int, which: int, member: str) -> None:
        """Somebody changes one member, perhaps of a record that others change too."""
        device, tag = self.devices[who], next(self.tags)
        if (identity := self._known(device, which)) is None:
            return
        seen = Edit(device, identity, member)
        value = int(tag.partition("-")[2]) if member == "capacity_persons" else tag
        op_id = device.app.patch(identity, {"properties": {member: value}}, tag)
        self.edits[op_id] = seen

    @rule(who=WHO, which=WHICH, opening=st.sampled_from(["open", "closed", "full"]))
    def report(self, who: int, which: int, opening: str) -> None:
        """Somebody reports what they see."""
        device = self.devices[who]
        if (identity := self._known(device, which)) is not None:
            device.app.report_status(identity, opening=opening, note=next(self.tags))

    @rule(who=WHO, which=WHICH)
    def verify(self, who: int, which: int) -> None:
        """Somebody confirms a record."""
        device = self.devices[who]
        if (identity := self._known(device, which)) is not None:
            device.app.verify(identity, next(self.tags))

    @rule(who=WHO, which=WHICH)
    def retire(self, who: int, which: int) -> None:
        """Somebody takes a record out of service."""
        device = self.devices[who]
        if len(self.records) > 1 and (identity := self._known(device, which)) not in (None, self.records[0]):
            device.app.retire(str(identity), next(self.tags))

    @rule(who=WHO)
    def cut(self, who: int) -> None:
        """The network goes or comes back."""
        self.devices[who].line.is_cut ^= True

    @rule(who=WHO, answers=st.integers(1, 3))
    def lose(self, who: int, answers: int) -> None:
        """The next answers will not arrive."""
        self.devices[who].line.lose_answers = answers

    @rule(who=WHO)
    def die(self, who: int) -> None:
        """The app is killed and started again."""
        cut = self.devices[who].line.is_cut
        self.devices[who].die()
        self.devices[who].line.is_cut = cut

    @rule(who=WHO, skew_s=st.sampled_from([-86_400.0, -90.0, 0.0, 3_600.0]))
    def skew(self, who: int, skew_s: float) -> None:
        """Somebody sets the clock of a phone."""
        self.devices[who].skew_s = skew_s

    @rule(who=WHO)
    def sync(self, who: int) -> None:
        """A device tries to exchange."""
        self._sync(self.devices[who])

    def _sync(self, device: Device) -> bool:
        before = {identity: device.app._store.version(identity) or 0 for identity in self.records}
        waiting = {one.op_id: one for one in device.app.waiting()}
        done = device.sync()
        for one in done.settled:
            assert one.op_id not in self.done, "an operation is settled once"
            self.done[one.op_id] = one
        assert {one.op_id for one in device.app.waiting()} | {one.op_id for one in done.settled} == set(
            waiting
        )
        for identity, version in before.items():
            assert (now := device.app._store.version(identity)) is None or now >= version, (
                "versions only grow"
            )
        return done.unreachable is None

    @rule()
    def read(self) -> None:
        """Somebody reads the feed page by page with a cursor."""
        asked = {"exercise": self.exercise, "limit": "3"} | ({"cursor": self.cursor} if self.cursor else {})
        answer = self.world.ask("GET", "/v1/changes", self.reader, params=asked)
        if answer.status_code == 410:
            self.cursor, self.told = None, []
            return
        assert answer.status_code == 200, answer.text
        self.cursor = answer.json()["cursor"]
        self.told += answer.json()["changes"]

    @precondition(lambda self: self.late is None)
    @rule()
    def begin_late(self) -> None:
        """A transaction takes its place in the log, and takes its time."""

        async def work() -> tuple[asyncpg.Connection, Any]:
            connection = await asyncpg.connect(self.world.database_url)
            await prepare(connection)
            transaction = connection.transaction()
            await transaction.start()
            record = new_version(make(exercise=self.exercise, note="late"), NOW)
            await changes.insert(Writer(connection), record, LATE)
            self.records.append(str(record.id))
            return connection, transaction

        self.late = self.world.run(work())

    @precondition(lambda self: self.late is not None)
    @rule()
    def end_late(self) -> None:
        """It commits at last."""
        assert self.late is not None
        connection, transaction = self.late
        self.late = None

        async def work() -> None:
            await transaction.commit()
            await connection.close()

        self.world.run(work())

    @rule()
    def restore(self) -> None:
        """The registry says that cursors from before must not be trusted."""
        self.world.fetch("UPDATE incarnation SET id = gen_random_uuid()")
        self.world.run(self.world.app.state.change_watcher.look())

    def teardown(self) -> None:
        """Everything heals; then what must hold is looked at."""
        if not hasattr(self, "devices"):
            return
        try:
            if self.late is not None:
                self.end_late()
            for device in self.devices:
                device.line.is_cut, device.line.lose_answers = False, 0
            self._converge()
            self._look_at_operations()
            self._look_at_overwriting()
            self._look_at_the_feed()
        finally:
            for device in self.devices:
                self.world.run(device.app.close())
            self.folder.cleanup()

    def _converge(self) -> None:
        """All devices come to show what the registry holds."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            calm = [self._sync(device) for device in self.devices]
            shown = [{one["id"]: one for one in device.app.everything()} for device in self.devices]
            if all(calm) and all(one == self._held() for one in shown):
                assert not any(device.app.waiting() for device in self.devices)
                return
            time.sleep(0.05)
        raise AssertionError(f"the devices show something else than the registry holds: {self._held()}")

    def _held(self) -> dict[str, Any]:
        rows = self.world.fetch(
            "SELECT id, feature FROM resource WHERE realm = $1 AND lifecycle <> 'retired'", self.exercise
        )
        return {str(row["id"]): json.loads(row["feature"]) for row in rows}

    def _look_at_operations(self) -> None:
        """What was acknowledged is there once; what was refused is not there, and a conflict is recorded."""
        logged = self.world.fetch("SELECT reason FROM change_log WHERE realm = $1", self.exercise)
        seen = self.world.fetch("SELECT note FROM observation WHERE realm = $1", self.exercise)
        waiting = self.world.fetch("SELECT id FROM correction WHERE realm = $1", self.exercise)
        times = Counter(row["reason"] for row in logged)
        noted = Counter(row["note"] for row in seen)
        conflicts = Counter(f"/v1/corrections/{row['id']}" for row in waiting)
        told = Counter[str]()
        for one in self.done.values():
            tag = one.reason or one.body.get("how") or one.body.get("note")
            count = noted[tag] if one.kind == "status" else times[tag]
            if one.result in ("applied", "merged"):
                assert count == 1 or (one.kind == "retire" and count == 0), one
            else:
                assert (count, one.result in ("conflict", "rejected")) == (0, True), one
            if one.result == "conflict":
                told[one.answer["conflict"]] += 1
        assert told == conflicts, "each conflict is recorded once, and its device knows of it"

    def _look_at_overwriting(self) -> None:
        """Nobody overwrote a value that they had not seen."""
        past = self.world.fetch(
            "SELECT id, version, feature FROM resource WHERE realm = $1 UNION ALL"
            " SELECT id, version, feature FROM resource_past WHERE realm = $1",
            self.exercise,
        )
        texts = {(str(row["id"]), row["version"]): json.loads(row["feature"])["properties"] for row in past}
        for identity in {identity for identity, _ in texts}:
            versions = sorted(version for one, version in texts if one == identity)
            assert versions == list(range(1, len(versions) + 1)), "versions have no gap"
        for op_id, edit in self.edits.items():
            one = self.done[op_id]
            if one.result in ("applied", "merged"):
                overwritten = texts[edit.identity, one.version - 1].get(edit.member)
                assert _text(overwritten) in edit.seen, (one, overwritten, edit.seen)

    def _look_at_the_feed(self) -> None:
        """A reader who went on from cursor to cursor was told every change once, in the order of versions."""
        rows = self.world.fetch("SELECT resource_id, version FROM change_log WHERE realm = $1", self.exercise)
        expected = Counter((str(row["resource_id"]), row["version"]) for row in rows)
        deadline = time.monotonic() + 10
        while len(self.told) < len(rows) and time.monotonic() < deadline:
            self.read()
        told = [(change["id"], change["version"]) for change in self.told]
        assert Counter(told) == expected, "nothing is skipped, nothing is told twice"
        for identity in {identity for identity, _ in told}:
            order = [version for one, version in told if one == identity]
            assert order == sorted(order)


def test_a_fleet_of_devices_loses_nothing_and_comes_to_agree(world: World) -> None:
    Fleet.world = world
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=25,
        deadline=None,
        print_blob=True,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Fleet, settings=chosen)

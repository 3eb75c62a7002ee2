"""Work the standing questions again that a change or time has touched, and store new answers."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import structs

from registry.domain.access.actor import SYSTEM
from registry.domain.access.sight import Sight
from registry.domain.completeness import unlisted_at_most
from registry.domain.conditions import ListConditions, filter_of
from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.measure import measure
from registry.domain.errors import RegistryError
from registry.domain.monitoring.standing_question import (
    Interval,
    NumberOfRecords,
    ShareCovered,
    ShareOfPlaces,
    StandingQuestion,
    answered,
    is_touched,
    unanswered,
)
from registry.domain.records.change import Change
from registry.domain.sync.feed import position_of
from registry.services.clock import now
from registry.services.coverage.inputs import read_inputs
from registry.services.coverage.members import count_members
from registry.services.coverage.requests import CoverageRequest, MembersRequest
from registry.services.plans.store_entry import store_entry
from registry.services.records.read import beside_list
from registry.store.access import scope
from registry.store.database.pool import Reader
from registry.store.monitoring import standing_questions as store
from registry.store.plans import entries
from registry.store.schema.records import LIVE
from registry.store.sync import log_readers
from registry.store.sync.log_readers import STANDING_QUESTIONS

LEASE = timedelta(minutes=2)
"""Longer than a question takes. A process that dies with one lets it be worked again after so long."""
AGAIN_AFTER = timedelta(hours=1)
"""Time alone changes answers: stocks expire, verifications age, records come into force."""
BY_REGISTRY = "system"


async def work_questions(reader: Reader) -> int:
    """Work every question that is due; how many answers have changed."""
    while await touch(reader):
        pass
    changed = 0
    while (found := await _work_one(reader)) is not None:
        changed += found
    return changed


async def touch(reader: Reader) -> bool:
    """Read one page of the log and have the questions worked that it touches; whether there may be more.

    One process does it at a time. Position and what is due are stored in one transaction.
    """
    async with reader.writer() as writer:
        position = await log_readers.claim(writer, STANDING_QUESTIONS)
        if position is None:
            return False
        page = await store.page(writer, position)
        if not page.changes:
            return False
        at, questions = now(), await store.active(writer)
        own = {
            (row["realm"], row["resource_id"])
            for row in page.changes
            if row["kind"] == "standing_question" and row["via"] != BY_REGISTRY
        }
        changes = {(row["realm"], row["kind"], tuple(row["above"])) for row in page.changes}
        touched = {
            (realm, one.id)
            for realm, one in questions
            if (realm, one.id) in own
            or any(realm == of and is_touched(one, kind, above) for of, kind, above in changes)
        }
        await store.put_due(writer, sorted(touched), at)
        await log_readers.move(writer, STANDING_QUESTIONS, position_of(page.changes[-1]))
        return page.full


async def _work_one(reader: Reader) -> bool | None:
    """Work one question that is due; whether its answer has changed, None when none is due.

    The transaction of the lease has ended before the answer is worked out, so that it holds up no feed.
    """
    at = now()
    until = at + LEASE
    async with reader.writer() as writer:
        key = await store.lease(writer, at, until)
    if key is None:
        return None
    question = await _read(reader, *key)
    if question is None:
        async with reader.writer() as writer:
            await store.forget(writer, key)
        return False
    try:
        answer: Interval | str = await _answer(reader, question)
    except RegistryError as error:
        answer = error.detail
    return await _store(reader, key, until, answer)


async def _read(reader: Reader, realm: str, identity: UUID) -> StandingQuestion | None:
    sight = Sight(clearance="restricted", exercise=None if realm == LIVE else realm)
    found = await entries.get(reader, sight, "standing_question", identity)
    return found if isinstance(found, StandingQuestion) and not found.retired else None


async def _store(reader: Reader, key: tuple[str, UUID], leased: datetime, answer: Interval | str) -> bool:
    """Store the answer as the next version of the question, if it is another one."""
    async with reader.writer() as writer:
        await scope.bind(writer, SYSTEM)
        at = now()
        stored = await entries.lock(writer, *key)
        await store.put_next(writer, key, leased, at + AGAIN_AFTER)
        if not isinstance(stored, StandingQuestion) or stored.retired:
            return False
        later = unanswered(stored, answer, at) if isinstance(answer, str) else answered(stored, answer, at)
        if later is stored:
            return False
        reason = "answered again" if later.state == stored.state else f"{stored.state} → {later.state}"
        change = Change(verb="update", actor=SYSTEM.id, at=at, reason=reason, via=BY_REGISTRY)
        await store_entry(writer, stored, later, change)
        return True


async def _answer(reader: Reader, question: StandingQuestion) -> Interval:
    """The answer as a reader of the question's visibility has it."""
    clearance = question.visibility if isinstance(question.visibility, str) else "public"
    sight = Sight(clearance=clearance, exercise=question.exercise)
    asks = question.asks
    if isinstance(asks, ShareCovered):
        return await _covered(reader, sight, asks, question.place)
    if isinstance(asks, ShareOfPlaces):
        return await _places(reader, sight, asks, question.place or "")
    return await _records(reader, sight, asks, question.place)


async def _covered(reader: Reader, sight: Sight, asks: ShareCovered, place: str | None) -> Interval:
    request = CoverageRequest(
        kind=asks.kind,
        filter=asks.filter,
        place=place,
        radius_m=asks.radius_m,
        reason=asks.reason,
        exercise=sight.exercise,
    )
    inputs = await read_inputs(reader, sight, request)
    return _percent((await asyncio.to_thread(measure, inputs)).ratio)


async def _places(reader: Reader, sight: Sight, asks: ShareOfPlaces, place: str) -> Interval:
    request = MembersRequest(
        place=place, level=asks.level, kind=asks.kind, filter=asks.filter, exercise=sight.exercise
    )
    return _percent((await count_members(reader, sight, request)).ratio)


async def _records(reader: Reader, sight: Sight, asks: NumberOfRecords, place: str | None) -> Interval:
    """What is listed for certain; at most also what is undecided and what may not be listed."""
    conditions = structs.replace(asks.filter or ListConditions(), kind=asks.kind)
    if place is not None:
        conditions = structs.replace(conditions, place=place)
    wanted = filter_of(conditions, now())
    sure = await store.count(reader, sight, wanted)
    beside = await beside_list(reader, sight, wanted)
    unlisted = unlisted_at_most(beside.completeness)
    if unlisted is None or beside.undecided.more:
        return Interval(sure, None)
    return Interval(sure, sure + beside.undecided.count + unlisted)


def _percent(ratio: Estimate) -> Interval:
    return Interval(round(100 * ratio.lower, 6), round(100 * ratio.upper, 6))

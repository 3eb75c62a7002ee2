"""Every statement of the coverage questions prepares, now and as of a past instant."""

import itertools

from registry.store import grounds, jobs, members, scenarios, watchers
from registry.store.past import as_recorded
from tests.store.test_statements import PRESENT, SHAPES


async def test_every_coverage_statement_prepares(conn) -> None:
    asking = []
    for form, present in itertools.product(SHAPES, PRESENT):
        asking += [watchers._watchers(form, present, stated) for stated in (True, False)]
        asking += [watchers._named(form), members._members(form, present)]
    for query in asking:
        await conn.prepare(query.text)
        await conn.prepare(as_recorded(query))


async def test_every_statement_about_places_jobs_and_scenarios_prepares(conn) -> None:
    plain = [grounds.PLACE, grounds.PARTS, grounds.CROSSED, watchers.EXTENTS, members.SPOTS]
    plain += [jobs.INSERT, jobs.GET, jobs.RESULT, jobs.START, jobs.NOTE, jobs.FINISH]
    plain += [jobs.DISMISS, jobs.FORGET]
    plain += [scenarios.INSERT, scenarios.GET, scenarios.FIND, scenarios.RETIRE]
    for query in plain:
        await conn.prepare(query.text)

"""Report what was observed of a record; the latest observation is its current state."""

from uuid import UUID

from registry.domain.identity import new_id
from registry.domain.records import observation
from registry.domain.records.change import Verb
from registry.domain.records.observation import Observation, StatusReport, StockReport
from registry.domain.records.resource import Resource
from registry.services.clock import now
from registry.services.records.work import Saved, Work, locked, save
from registry.store.records import observations


async def report_status(work: Work, identity: UUID, report: StatusReport) -> Saved:
    """Keep the observations of a report, and the state that they make."""
    current = await locked(work, "field", identity)
    observed = observation.observations(report)
    revised = observation.apply(current, observed, report.observed_at)
    return await _observe(work, (current, revised), report, observed, "report")


async def report_stock(work: Work, identity: UUID, report: StockReport) -> Saved:
    """Keep the counts and movements of a depot, and the stock that they leave."""
    current = await locked(work, "field", identity)
    observed = observation.stock_observations(report)
    revised = observation.apply_stock(current, observed, report.observed_at)
    return await _observe(work, (current, revised), report, observed, "stock")


async def _observe(
    work: Work,
    pair: tuple[Resource, Resource],
    report: StatusReport | StockReport,
    observed: list[Observation],
    verb: Verb,
) -> Saved:
    at = now()
    current, revised = pair
    others = [new_id(int(at.timestamp() * 1000)) for _ in observed[1:]]
    first = report.id or new_id(int(at.timestamp() * 1000))
    identified = list(zip([first, *others], observed, strict=True))
    times = {"observed_at": report.observed_at, "received_at": at}
    shared = times | {"actor": work.actor.id, "note": report.note}
    await observations.insert(work.writer, work.sight, current.id, identified, shared)
    return await save(work, current, revised, work.change(verb, at, report.note, report.observed_at))

"""Report what was observed of a record; its state is the fold of all that was observed."""

from uuid import UUID

from msgspec import structs

from registry.domain.identity import new_id
from registry.domain.records.change import Verb
from registry.domain.records.clock import observed_instant, skew_of
from registry.domain.records.observation import Report, StockReport, observed
from registry.services.clock import now
from registry.services.intake.admit import admit_value
from registry.services.records.observe import observe
from registry.services.records.work import Saved, Work, admit, locked, save


async def report(work: Work, identity: UUID, report: Report) -> Saved:
    """Keep the observations of a report, and the state that they make.

    `unapplied` of the result names those that the state does not show, because of a later one for instance.
    """
    current = await locked(work, "field", identity)
    report = await admit_value(work.writer, report)
    at = now()
    skew = skew_of(report.sent_at, at)
    observed_at = observed_instant(report.observed_at, at, skew=skew)
    new = observed(current, report, report.id or new_id(int(at.timestamp() * 1000)), observed_at)
    after = await observe(work, current, current, new, at, skew=skew, note=report.note)
    verb: Verb = "stock" if isinstance(report, StockReport) else "report"
    change = work.change(verb, at, report.note, report.observed_at)
    saved = await save(work, current, await admit(work, after.record, current), change)
    return structs.replace(saved, unapplied=after.unapplied)

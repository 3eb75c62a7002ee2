"""People to call about a record: visible by role, changed in place, purged without a trace."""

from uuid import UUID

from registry.domain.access.sight import Sight
from registry.domain.records.contact import Contact
from registry.services.intake.admit import admit_value
from registry.services.records.read import visible
from registry.services.records.work import Work, locked
from registry.store.database.pool import Reader, Row
from registry.store.records import contacts


async def list_contacts(reader: Reader, sight: Sight, identity: UUID) -> list[Row]:
    """All contacts for staff, the published ones for the public."""
    await visible(reader, sight, identity)
    return await contacts.find(reader, sight, identity)


async def put_contact(work: Work, identity: UUID, contact: UUID, values: Contact) -> None:
    """Store a contact in place of what was there; no earlier state is kept."""
    await locked(work, "field", identity)
    values = await admit_value(work.writer, values)
    await contacts.put(work.writer, work.sight, identity, contact, values)


async def purge_contact(work: Work, identity: UUID, contact: UUID) -> None:
    """Remove a contact for good."""
    await locked(work, "field", identity)
    await contacts.purge(work.writer, work.sight, identity, contact)

"""Contacts over HTTP: visible by role, purged without a trace."""

from uuid import UUID

import msgspec
from litestar import Router, delete, get, put
from litestar.params import FromPath, JSONBody

from registry.api.http.dependencies import ReaderDep, SightDep, WorkDep
from registry.api.v1.records.writes import EXAMINED
from registry.domain.records.contact import Contact
from registry.services.records import contacts


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with its identity."""

    id: UUID
    role: str
    """What the contact is for, such as duty officer."""
    name: str | None
    """Name of the person or desk."""
    phone: str | None
    published: bool


class Contacts(msgspec.Struct, frozen=True):
    """Whom to call about one resource."""

    contacts: list[Named]


@get("/")
async def list_contacts(identity: FromPath[UUID], reader: ReaderDep, sight: SightDep) -> Contacts:
    """Whom to call: everybody for staff, the published ones for the public."""
    rows = await contacts.list_contacts(reader, sight, identity)
    return Contacts([msgspec.convert(dict(row), Named) for row in rows])


@put("/{contact:uuid}", status_code=204, opt=EXAMINED)
async def put_contact(
    identity: FromPath[UUID], contact: FromPath[UUID], data: JSONBody[Contact], work: WorkDep
) -> None:
    """Store whom to call, in place of what was there; no earlier state is kept."""
    await contacts.put_contact(work, identity, contact, data)


@delete("/{contact:uuid}", status_code=204)
async def purge_contact(identity: FromPath[UUID], contact: FromPath[UUID], work: WorkDep) -> None:
    """Remove a contact for good."""
    await contacts.purge_contact(work, identity, contact)


router = Router(
    "/v1/resources/{identity:uuid}/contacts",
    route_handlers=[list_contacts, put_contact, purge_contact],
    tags=["access"],
)

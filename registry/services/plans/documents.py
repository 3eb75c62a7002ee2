"""Read and store documents and their provisions."""

from msgspec import Struct

from registry.domain.access.actor import Actor, require
from registry.domain.errors import Invalid
from registry.domain.plans.document import Document
from registry.domain.plans.provision import Provision, check_provision
from registry.services.intake.admit import admit_value
from registry.store.database.pool import Reader, Writer
from registry.store.plans import plans


class DocumentWithProvisions(Struct, frozen=True):
    """A document and its provisions in printed order."""

    document: Document
    provisions: list[Provision]


async def list_documents(reader: Reader) -> list[Document]:
    """Every document that provisions come from, oldest first."""
    return await plans.documents(reader)


async def read_document(reader: Reader, identity: str) -> DocumentWithProvisions:
    """One document with its provisions; NotFound when there is none."""
    document = await plans.get_document(reader, identity)
    return DocumentWithProvisions(document, await plans.find_provisions(reader, document=identity))


async def put_document(writer: Writer, actor: Actor, identity: str, document: Document) -> Document:
    """Store a document under this identity, in place of any that is there; for planners."""
    require(actor, "planner")
    document = await admit_value(writer, document)
    _check_identity(identity, document.id)
    await plans.put_documents(writer, [document])
    return document


async def list_provisions(
    reader: Reader,
    *,
    document: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    place: str | None = None,
) -> list[Provision]:
    """Provisions by document, kind, subject (a kind of resource or a register) and place."""
    return await plans.find_provisions(reader, document=document, kind=kind, subject=subject, place=place)


async def read_provision(reader: Reader, identity: str) -> Provision:
    """One provision; NotFound when there is none."""
    return await plans.get_provision(reader, identity)


async def put_provision(writer: Writer, actor: Actor, identity: str, provision: Provision) -> Provision:
    """Store a provision under this identity, in place of any that is there; for planners.

    Invalid when its locator, unit or dates cannot be used; NotFound when its document is not stored.
    """
    require(actor, "planner")
    provision = await admit_value(writer, provision)
    _check_identity(identity, provision.id)
    check_provision(provision, await plans.get_document(writer, provision.document))
    await plans.put_provisions(writer, [provision])
    return provision


def _check_identity(path: str, body: str) -> None:
    if path != body:
        raise Invalid(f"the path says {path}, the body {body}", field="id")

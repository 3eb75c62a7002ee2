"""Read the pictures of a record or entry: what is said of them, and their bytes."""

from typing import Literal, NamedTuple

from msgspec import UNSET

from registry.domain.access.sight import Sight
from registry.domain.attachments.attachment import Attachment, Subject, digest_of
from registry.domain.errors import NotFound
from registry.services.plans.registers import read_entry
from registry.services.records.read import visible
from registry.store.attachments import links, pictures
from registry.store.database.pool import Reader, Row

Size = Literal["full", "small"]


class FoundPicture(NamedTuple):
    """Where the bytes of a picture are that a sight may see, and the digest of what is kept."""

    sha256: bytes
    kept_sha256: str


async def list_attachments(reader: Reader, sight: Sight, subject: Subject) -> list[Attachment]:
    """What is attached, the first first, as far as this sight may see; NotFound for an unseen subject."""
    await _demand_visible(reader, sight, subject)
    return [_attachment(row, sight) for row in await links.find(reader, sight, subject)]


async def read_attachment(reader: Reader, sight: Sight, subject: Subject, sha256: str) -> Attachment:
    """One picture of a record or entry; NotFound where this sight does not see both."""
    return _attachment(await _row(reader, sight, subject, sha256), sight)


async def find_picture(reader: Reader, sight: Sight, subject: Subject, sha256: str) -> FoundPicture:
    """A picture to be read; NotFound where this sight does not see it on this subject."""
    row = await _row(reader, sight, subject, sha256)
    return FoundPicture(row["sha256"], row["kept_sha256"].hex())


async def read_picture(reader: Reader, found: FoundPicture, size: Size) -> bytes:
    """The bytes of a picture that was found just now; NotFound where it was detached and forgotten since."""
    row = await pictures.read(reader, found.sha256)
    if row is None:
        raise NotFound("attachment", found.sha256.hex())
    content: bytes = row["content" if size == "full" else "thumbnail"]
    return content


async def _row(reader: Reader, sight: Sight, subject: Subject, sha256: str) -> Row:
    await _demand_visible(reader, sight, subject)
    rows = await links.find(reader, sight, subject, digest_of(sha256))
    if not rows:
        raise NotFound("attachment", sha256)
    return rows[0]


async def _demand_visible(reader: Reader, sight: Sight, subject: Subject) -> None:
    if subject.register is None:
        await visible(reader, sight, subject.identity)
    else:
        await read_entry(reader, sight, subject.register, subject.identity)


def _attachment(row: Row, sight: Sight) -> Attachment:
    values = {name: row[name] for name in Attachment.__struct_fields__ if name != "sha256"}
    values["attached_by"] = UNSET if sight.clearance == "public" else row["attached_by"]
    return Attachment(sha256=row["sha256"].hex(), **values)

"""Attach a picture to a record or entry, say something else of it, or detach it."""

from datetime import timedelta
from uuid import UUID

from registry.domain.access.actor import require, require_place
from registry.domain.attachments.attachment import (
    MOST_OF_SUBJECT,
    Attachment,
    AttachmentDraft,
    Subject,
    attached_visibility,
    digest_of,
)
from registry.domain.errors import Conflict, Forbidden, Invalid, NotFound
from registry.domain.plans.entry import register_of
from registry.domain.records.clock import observed_instant
from registry.domain.records.resource import Visibility, decided
from registry.services.attachments.read import read_attachment
from registry.services.clock import now
from registry.services.intake.admit import admit_value
from registry.services.plans.registers import read_entry, role_for
from registry.services.records.work import Work, locked
from registry.store.attachments import links, pictures
from registry.store.places import places
from registry.store.plans import entries
from registry.store.records import resources
from registry.store.visibility import realm


async def attach(
    work: Work,
    subject: Subject,
    sha256: str,
    draft: AttachmentDraft,
    skew: timedelta = timedelta(),
) -> Attachment:
    """Attach a picture that the actor brought; once more, it changes what is said of it.

    Conflict where the picture is not here, or others brought it; Invalid where the subject has too many;
    NotFound where it is attached and hidden from the actor.
    `skew` is how far the clock behind `taken_at` is behind ours.
    """
    draft = await admit_value(work.writer, draft)
    own = await _locked(work, subject)
    digest, at = digest_of(sha256), now()
    shown = await links.find(work.writer, work.sight, subject)
    earlier = next((row for row in shown if row["sha256"] == digest), None)
    before: Visibility | None = None if earlier is None else earlier["visibility"]
    if earlier is None and await links.holds(work.writer, work.sight, subject, digest):
        raise NotFound("attachment", sha256)  # to attach it again must not show what was hidden since
    if earlier is None:
        await _demand_brought(work, digest, len(shown))
    may_widen = work.actor.is_at_least("planner")
    values = {
        "role": draft.role,
        "caption": draft.caption,
        "taken_at": draft.taken_at and observed_instant(draft.taken_at, at, skew=skew, field="taken_at"),
        "visibility": attached_visibility(draft, own, before, may_widen=may_widen),
        "attached_at": at if earlier is None else earlier["attached_at"],
        "attached_by": work.actor.id if earlier is None else earlier["attached_by"],
    }
    await links.put(work.writer, work.sight, subject, digest, values)
    if not await links.find(work.writer, work.sight, subject, digest):
        raise Forbidden(
            "you would not see this picture yourself; a planner may make it restricted",
            field="visibility",
            zh="设为该密级后您本人将无法查看；请由规划员设置",
        )
    return await read_attachment(work.writer, work.sight, subject, sha256)


async def detach(work: Work, subject: Subject, sha256: str) -> None:
    """Detach a picture; nothing of it is kept with the record, the picture goes unless others have it."""
    await _locked(work, subject)
    digest = digest_of(sha256)
    if not await links.find(work.writer, work.sight, subject, digest):
        raise NotFound("attachment", sha256)
    await links.remove(work.writer, work.sight, subject, digest)


async def subject_of(work: Work, identity: UUID) -> Subject:
    """What has an identity: an entry that this sight has, else the resource, be there one or not."""
    if identity not in await resources.known(work.writer, realm(work.sight), [identity]):
        stored = await entries.lock(work.writer, realm(work.sight), identity)
        if stored is not None and await entries.seen(work.writer, work.sight, [identity]):
            return Subject(register_of(stored), identity)
    return Subject(None, identity)


async def _demand_brought(work: Work, digest: bytes, number: int) -> None:
    if number >= MOST_OF_SUBJECT:
        raise Invalid(
            f"{MOST_OF_SUBJECT} pictures are attached already; detach one first",
            field="sha256",
            zh=f"已有 {MOST_OF_SUBJECT} 张图片，请先移除一张",
        )
    if not await pictures.is_brought(work.writer, work.actor.id, digest):
        raise Conflict(
            "the picture is not here; send it first with PUT /v1/attachments/{sha256}",
            field="sha256",
            zh="图片尚未上传；请先用 PUT /v1/attachments/{sha256} 上传",
        )


async def _locked(work: Work, subject: Subject) -> Visibility:
    """Lock a record or entry that the actor may change, and return its visibility."""
    if subject.register is None:
        return (await locked(work, "field", subject.identity)).visibility
    role = role_for(subject.register)
    require(work.actor, role)
    stored = await entries.lock(work.writer, realm(work.sight), subject.identity)
    shown = await read_entry(work.writer, work.sight, subject.register, subject.identity)
    entry = stored or shown
    above = [] if entry.place is None else await places.ancestors(work.writer, entry.place)
    require_place(work.actor, role, above)
    return decided(entry.visibility)

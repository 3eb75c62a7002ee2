"""Pictures on records and entries: what may be said of one, who may know of it, and how many there may be."""

import re
from datetime import datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from registry.domain.access.sight import stricter
from registry.domain.errors import Forbidden, Invalid, NotFound
from registry.domain.plans.entry import Register
from registry.domain.records.resource import Visibility
from registry.domain.values import ShortText

MOST_OF_SUBJECT = 20
"""Pictures of one record or entry."""
DAY_BYTES = 400 * 2**20
"""What one person may bring within a day."""
KEPT_UNATTACHED_DAYS = 7
"""How long a picture waits for being attached, and its uploader may attach it."""
DIGEST = re.compile(r"[0-9a-f]{64}")

AttachmentRole = Literal["photo", "sketch", "document"]


class Subject(NamedTuple):
    """What a picture is attached to: a resource, or an entry of a register."""

    register: Register | None
    identity: UUID

    @property
    def about(self) -> str:
        """The table that holds it."""
        return "resource" if self.register is None else "entry"


class AttachmentDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said of a picture when it is attached."""

    role: AttachmentRole = "photo"
    """What the picture is."""
    caption: ShortText | None = None
    """What it shows, in words."""
    taken_at: datetime | None = None
    """When it was taken; the picture itself keeps no such data."""
    visibility: Visibility | None = None
    """Who may see it; left out, those who may see the record now. A record that is stricter decides."""


class PushedAttachment(AttachmentDraft, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same in an operation of a push, with the digest of the file that was sent."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """The digest of the file that was sent."""

    def draft(self) -> AttachmentDraft:
        """What is said of the picture."""
        return AttachmentDraft(**{name: getattr(self, name) for name in AttachmentDraft.__struct_fields__})


class Attachment(Struct, frozen=True, kw_only=True):
    """A picture of a record or entry."""

    sha256: str
    """The digest of the file that was sent, by which it is asked for."""
    role: AttachmentRole
    """What the picture is."""
    caption: str | None
    """What it shows, in words."""
    taken_at: datetime | None
    """When it was taken, as whoever attached it says."""
    visibility: Visibility
    """Who may see it: the stricter of its own visibility and that of its record."""
    attached_at: datetime
    """When it was attached."""
    attached_by: str | UnsetType = UNSET
    """Who attached it; for staff."""
    size_bytes: int
    """Size of the picture as it is kept."""
    width_px: int
    """Its width in pixels, upright."""
    height_px: int
    """Its height in pixels, upright."""


def digest_of(sha256: str) -> bytes:
    """The digest that a path names; NotFound for a text that is none, as for one that nothing has."""
    if DIGEST.fullmatch(sha256) is None:
        raise NotFound("attachment", sha256)
    return bytes.fromhex(sha256)


def demand_digest(sha256: str, actual: str) -> None:
    """Invalid unless the address names the digest of the file that was sent."""
    if sha256 != actual:
        raise Invalid(
            f"the address names another sha256 than the file has, which is {actual}",
            field="sha256",
            zh=f"地址中的 sha256 与文件不符，文件的摘要为 {actual}",
        )


def attached_visibility(
    draft: AttachmentDraft, own: Visibility, earlier: Visibility | None, *, may_widen: bool
) -> Visibility:
    """The visibility of an attachment: as stated, else what it was, else that of its record.

    Forbidden where it is shown to more people by somebody who may not decide that.
    """
    least = earlier or own
    if draft.visibility is None or draft.visibility == least:
        return least
    if not may_widen and stricter(draft.visibility, least) != draft.visibility:
        raise Forbidden(
            f"only a planner shows a picture that is {least} to more people",
            field="visibility",
            zh=f"密级为 {least} 的图片只能由规划员放宽",
        )
    return draft.visibility

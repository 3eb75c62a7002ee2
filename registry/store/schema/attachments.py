"""The tables of attachments: pictures by what they are, who brought them, and what they are attached to."""

import sqlalchemy as sa

from registry.store.schema.plans import MOMENT
from registry.store.schema.records import metadata, one_of

attachment = sa.Table(
    "attachment",
    metadata,
    sa.Column("sha256", sa.LargeBinary, primary_key=True, comment="Of the file as it was sent."),
    sa.Column("kept_sha256", sa.LargeBinary, nullable=False, comment="Of the picture as it is kept."),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("width_px", sa.Integer, nullable=False),
    sa.Column("height_px", sa.Integer, nullable=False),
    sa.Column("stored_at", MOMENT, nullable=False, server_default=sa.func.now()),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("thumbnail", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("octet_length(sha256) = 32 AND octet_length(kept_sha256) = 32", name="digests"),
    comment="Pictures without metadata, as JPEG; the same file is kept once.",
)

attachment_upload = sa.Table(
    "attachment_upload",
    metadata,
    sa.Column(
        "sha256", sa.LargeBinary, sa.ForeignKey("attachment.sha256", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("actor", sa.Text, primary_key=True),
    sa.Column("size_bytes", sa.Integer, nullable=False, comment="Of the file as it was sent."),
    sa.Column("uploaded_at", MOMENT, nullable=False, server_default=sa.func.now()),
    sa.Index("ix_attachment_upload_actor", "actor", "uploaded_at"),
    sa.Index("ix_attachment_upload_uploaded_at", "uploaded_at"),
    comment="Who brought a picture of late: only they may attach it, since a digest proves no possession.",
)

_ABOUT = ("resource", "entry")

attachment_link = sa.Table(
    "attachment_link",
    metadata,
    sa.Column("realm", sa.Text, primary_key=True),
    sa.Column("about", sa.Text, primary_key=True),
    sa.Column("subject", sa.Uuid, primary_key=True),
    sa.Column("sha256", sa.LargeBinary, sa.ForeignKey("attachment.sha256"), primary_key=True),
    *(
        sa.Column(
            f"{of}_id", sa.Uuid, sa.Computed(f"CASE WHEN about = '{of}' THEN subject END", persisted=True)
        )
        for of in _ABOUT
    ),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("caption", sa.Text),
    sa.Column("taken_at", MOMENT),
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("attached_at", MOMENT, nullable=False),
    sa.Column("attached_by", sa.Text, nullable=False),
    one_of("about", _ABOUT),
    one_of("visibility", ("public", "internal", "restricted")),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"], ondelete="CASCADE"),
    sa.ForeignKeyConstraint(["realm", "entry_id"], ["entry.realm", "entry.id"], ondelete="CASCADE"),
    sa.Index("ix_attachment_link_sha256", "sha256"),
    sa.Index("ix_attachment_link_resource", "realm", "resource_id"),
    sa.Index("ix_attachment_link_entry", "realm", "entry_id"),
    comment="What a picture is attached to, and who may see it there; removed without a trace.",
)

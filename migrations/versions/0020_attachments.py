"""Attachments: pictures by the digest of the file that was sent, who brought them, what they are attached to."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
OF = {
    table: f"EXISTS (SELECT FROM {table} o WHERE o.realm = attachment_link.realm"
    f" AND o.id = attachment_link.{table}_id AND registry_may_write(o.place))"
    for table in ("resource", "entry")
}
OWN = f"CASE about WHEN 'resource' THEN {OF['resource']} ELSE {OF['entry']} END"


def _pictures() -> None:
    op.create_table(
        "attachment",
        sa.Column("sha256", sa.LargeBinary, nullable=False, comment="Of the file as it was sent."),
        sa.Column("kept_sha256", sa.LargeBinary, nullable=False, comment="Of the picture as it is kept."),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("stored_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("thumbnail", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_attachment"),
        sa.CheckConstraint(
            "octet_length(sha256) = 32 AND octet_length(kept_sha256) = 32", name="ck_attachment_digests"
        ),
        comment="Pictures without metadata, as JPEG; the same file is kept once.",
    )
    # JPEG does not get smaller; to try costs more than to store it.
    for column in ("content", "thumbnail"):
        op.execute(f"ALTER TABLE attachment ALTER COLUMN {column} SET STORAGE EXTERNAL")
    op.create_table(
        "attachment_upload",
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False, comment="Of the file as it was sent."),
        sa.Column("uploaded_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "actor", name="pk_attachment_upload"),
        sa.ForeignKeyConstraint(
            ["sha256"], ["attachment.sha256"], name="fk_attachment_upload_sha256", ondelete="CASCADE"
        ),
        comment="Who brought a picture of late: only they may attach it, since a digest proves no possession.",
    )
    op.create_index("ix_attachment_upload_actor", "attachment_upload", ["actor", "uploaded_at"])
    op.create_index("ix_attachment_upload_uploaded_at", "attachment_upload", ["uploaded_at"])


def _links() -> None:
    op.create_table(
        "attachment_link",
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        *(
            sa.Column(
                f"{table}_id",
                sa.Uuid,
                sa.Computed(f"CASE WHEN about = '{table}' THEN subject END", persisted=True),
            )
            for table in OF
        ),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("caption", sa.Text),
        sa.Column("taken_at", MOMENT),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("attached_at", MOMENT, nullable=False),
        sa.Column("attached_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("realm", "about", "subject", "sha256", name="pk_attachment_link"),
        sa.ForeignKeyConstraint(["sha256"], ["attachment.sha256"], name="fk_attachment_link_sha256"),
        *(
            sa.ForeignKeyConstraint(
                ["realm", f"{table}_id"],
                [f"{table}.realm", f"{table}.id"],
                name=f"fk_attachment_link_realm_{table}_id",
                ondelete="CASCADE",
            )
            for table in OF
        ),
        sa.CheckConstraint("about IN ('resource', 'entry')", name="ck_attachment_link_about"),
        sa.CheckConstraint(
            "visibility IN ('public', 'internal', 'restricted')", name="ck_attachment_link_visibility"
        ),
        comment="What a picture is attached to, and who may see it there; removed without a trace.",
    )
    op.create_index("ix_attachment_link_sha256", "attachment_link", ["sha256"])
    for table in OF:
        op.create_index(f"ix_attachment_link_{table}", "attachment_link", ["realm", f"{table}_id"])


def upgrade() -> None:
    """Apply."""
    _pictures()
    _links()
    op.execute("ALTER TABLE attachment_link ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY read_all ON attachment_link FOR SELECT USING (true)")
    op.execute(f"CREATE POLICY add_own ON attachment_link FOR INSERT WITH CHECK ({OWN})")
    op.execute(f"CREATE POLICY change_own ON attachment_link FOR UPDATE USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"CREATE POLICY remove_own ON attachment_link FOR DELETE USING ({OWN})")


def downgrade() -> None:
    """Undo; the pictures are given up."""
    for table in ("attachment_link", "attachment_upload", "attachment"):
        op.drop_table(table)

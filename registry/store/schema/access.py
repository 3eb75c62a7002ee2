"""The tables of access: contacts, keys, the counts and approvals of mass changes, the audit."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.store.schema.records import metadata, one_of

contact = sa.Table(
    "contact",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("realm", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Uuid, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("published", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"], ondelete="CASCADE"),
    sa.Index("ix_contact_resource", "resource_id"),
    comment="People to call; kept out of features and history so that they can be purged.",
)

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("places", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("expires_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("revoked_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("last_used_at", sa.TIMESTAMP(timezone=True)),
    one_of("role", ("viewer", "field", "planner", "admin")),
    sa.CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint"),
    sa.Index("ix_api_key_holder", "holder"),
    comment="Machine keys: an HMAC of each, never the key.",
)

pepper = sa.Table(
    "pepper",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("until", sa.TIMESTAMP(timezone=True)),
    sa.Index("ix_pepper_in_use", sa.text("(true)"), unique=True, postgresql_where=sa.text("until IS NULL")),
    comment="Fingerprints of the peppers of this registry; one is in use.",
)

counted_change = sa.Table(
    "counted_change",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Index("ix_counted_change_actor", "actor", "at"),
    comment="One line a status change or deletion, for the limit on mass changes; kept for a day.",
)

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("places", ARRAY(sa.Text), nullable=False),
    sa.Column("changes", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("asked_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", sa.TIMESTAMP(timezone=True)),
    sa.CheckConstraint("approved_by <> actor", name="second_person"),
    sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="decided"),
    sa.CheckConstraint("changes > 0", name="changes"),
    sa.Index("ix_approval_actor", "actor", "asked_at"),
    comment="Mass changes that one person asked for and another allowed.",
)

exercise_end = sa.Table(
    "exercise_end",
    metadata,
    sa.Column("exercise", sa.Text, primary_key=True),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("ended_by", sa.Text, nullable=False),
    sa.CheckConstraint("exercise <> 'live'", name="not_live"),
    comment="Exercises that have ended: what is in them can be read, and is not changed any more.",
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("address", sa.Text),
    one_of("action", ("read", "export", "change", "refused", "lost")),
    sa.Index("ix_audit_actor", "actor", "seq"),
    comment="Who read restricted records, exported, changed, or was refused.",
)

"""The tables of changes: past versions, log, hash chain, observations, corrections, idempotency keys."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import UserDefinedType

from registry.store.schema.records import Spot, geography, metadata, one_of, point_column, resource_columns


class Xid8(UserDefinedType[Any]):
    """A transaction number that never wraps; passed as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type."""
        return "xid8"


PGDialect.ischema_names["xid8"] = Xid8


# Superseded versions, with the columns of `resource`: what questions with `as_of` read.
resource_past = sa.Table(
    "resource_past",
    metadata,
    *resource_columns(),
    sa.Column("superseded_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("realm", "id", "version"),
)
sa.Index(
    "ix_resource_past_geog", geography(resource_past.c.geom), resource_past.c.kind, postgresql_using="gist"
)
for name in ("geom", "public_geom"):
    sa.Index(f"ix_resource_past_{name}", sa.cast(resource_past.c[name], Spot), postgresql_using="gist")

list_change = sa.Table(
    "list_change",
    metadata,
    sa.Column("xid", Xid8, primary_key=True, server_default=sa.text("pg_current_xact_id()")),
    comment="Transactions that changed what is listed, published or declared; the latest counts.",
)

TRANSACTION_NUMBER = (
    "((current_setting('registry.incarnation')::bigint << 44)"
    " + pg_current_xact_id()::text::bigint)::text::xid8"
)
"""Of a transaction in the order of history: the incarnation, then the server's number of the transaction."""

log_reader = sa.Table(
    "log_reader",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("xid", Xid8, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    comment="How far each of those who follow the change log by themselves has read it.",
)

# Every change in commit order: the feed, the history and what the hash chain seals. `members` is the record
# that the change made and `digest` its sha256. The rows and texts of `resource` are derived from it.
change_log = sa.Table(
    "change_log",
    metadata,
    sa.Column("xid", Xid8, nullable=False, server_default=sa.text(TRANSACTION_NUMBER)),
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("realm", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("place_before", sa.Text),
    sa.Column("place_after", sa.Text),
    sa.Column("visibility_before", sa.Text),
    sa.Column("visibility_after", sa.Text, nullable=False),
    sa.Column("gone_before", sa.Boolean, nullable=False),
    sa.Column("gone_after", sa.Boolean, nullable=False),
    point_column("point_before"),
    point_column("point_after"),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("members", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("via", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("device_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("xid", "seq"),
    sa.Index("ix_change_log_resource", "resource_id", "version"),
    sa.Index(
        "ix_change_log_reclassified",
        "at",
        postgresql_where=sa.text(
            "visibility_before <> visibility_after OR place_before IS DISTINCT FROM place_after"
        ),
    ),
)

history_seal = sa.Table(
    "history_seal",
    metadata,
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("upto_xid", Xid8, nullable=False),
    sa.Column("upto_seq", sa.BigInteger, nullable=False),
    sa.Column("changes", sa.BigInteger, nullable=False),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("sealed_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("key_id", sa.Text),
    comment="A keyed hash chain over the change log, so that a row altered, dropped or moved is found.",
)

incarnation = sa.Table(
    "incarnation",
    metadata,
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Uuid, nullable=False, server_default=sa.text("gen_random_uuid()")),
    sa.Column("server", sa.Text, nullable=False),
    sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    comment="Each start of a server that wrote here: what it wrote follows all that the ones before wrote.",
)

observation = sa.Table(
    "observation",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, comment="The identity of the report, or of the edit."),
    sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("realm", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Uuid, nullable=False),
    sa.Column("slot", sa.Text, nullable=False, comment="The part of the state that it is about."),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("value", JSONB, nullable=False),
    sa.Column("observed_at", sa.TIMESTAMP(timezone=True), comment="By the registry's clock; NULL: not said."),
    sa.Column("skew_s", sa.Float, nullable=False, server_default="0", comment="Added to the device's clock."),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("origin", sa.Text, nullable=False, server_default="report"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"]),
    one_of("origin", ("report", "edit", "record")),
    sa.Index("ix_observation_resource", "resource_id", sa.text("observed_at DESC NULLS LAST"), "id", "line"),
    sa.Index(
        "ix_observation_slot",
        "resource_id",
        "slot",
        sa.text("observed_at DESC NULLS LAST"),
        sa.text("id DESC"),
        sa.text("line DESC"),
    ),
    comment="What was observed, append-only; the state of a resource is the fold of its observations.",
)

correction = sa.Table(
    "correction",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("realm", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Uuid, nullable=False),
    sa.Column("base_version", sa.Integer, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("members", JSONB, nullable=False),
    sa.Column("overlapping", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("evidence", JSONB, nullable=False, server_default="{}"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("decision_reason", sa.Text),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"]),
    one_of("subject", ("location", "conflict")),
    one_of("state", ("open", "accepted", "rejected")),
    sa.Index("ix_correction_resource", "resource_id"),
    sa.Index("ix_correction_open", "realm", "at", postgresql_where=sa.text("state = 'open'")),
    comment="Changes that wait for a person: proposed locations, and edits that met another edit.",
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("actor", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("replayed_at", sa.TIMESTAMP(timezone=True)),
    sa.Index("ix_idempotency_created_at", "created_at"),
)

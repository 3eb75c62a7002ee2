"""The tables of incidents: the log, and what is committed."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.store.schema.plans import MOMENT
from registry.store.schema.records import metadata, one_of

incident_log = sa.Table(
    "incident_log",
    metadata,
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("realm", sa.Text, nullable=False),
    sa.Column("incident", sa.Uuid, nullable=False),
    sa.Column("at", MOMENT, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("version", sa.Integer),
    sa.Column("text", sa.Text),
    sa.Column("body", JSONB, nullable=False),
    sa.ForeignKeyConstraint(["realm", "incident"], ["entry.realm", "entry.id"]),
    sa.Index("ix_incident_log_incident", "incident", "seq"),
    comment="What was done about an incident, append-only; a dispatch is the fold of its lines.",
)

commitment = sa.Table(
    "commitment",
    metadata,
    sa.Column("realm", sa.Text, primary_key=True),
    sa.Column("resource_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    sa.Column("incident", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("since", MOMENT, nullable=False),
    sa.ForeignKeyConstraint(["realm", "incident"], ["entry.realm", "entry.id"]),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"]),
    one_of("state", ("committed", "en_route", "on_scene")),
    sa.Index("ix_commitment_incident", "realm", "incident"),
    comment="Resources that are committed now, each to one incident: two officers cannot commit one twice.",
)

"""The tables of analyses: jobs and saved scenarios."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.store.schema.records import metadata, one_of

job = sa.Table(
    "job",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("process", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="accepted"),
    sa.Column("progress", sa.Integer, nullable=False, server_default="0"),
    sa.Column("message", sa.Text),
    sa.Column("estimate_s", sa.Float, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("started_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("finished_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("result", sa.Text),
    sa.Column("task", sa.LargeBinary),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("audience", sa.Text),
    sa.Column("response", sa.Text),
    one_of("status", ("accepted", "running", "successful", "failed", "dismissed")),
    one_of("response", ("raw", "document")),
    sa.CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
    sa.CheckConstraint("finished_at IS NULL OR task IS NULL", name="task_erased"),
    sa.Index("ix_job_expires_at", "expires_at"),
    sa.Index("ix_job_open", "created_at", "id", postgresql_where=sa.text("finished_at IS NULL")),
    comment="Analyses that take longer than a request may; kept for a day, their tasks until they end.",
)

scenario = sa.Table(
    "scenario",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name_zh", sa.Text),
    sa.Column("name_en", sa.Text),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("changes", JSONB, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("visibility", sa.Text, nullable=False, server_default="restricted"),
    one_of("visibility", ("public", "internal", "restricted")),
    sa.CheckConstraint("name_zh IS NOT NULL OR name_en IS NOT NULL", name="named"),
    sa.Index("ix_scenario_owner", "owner"),
    comment="Additions, moves and removals that somebody thought through and kept.",
)

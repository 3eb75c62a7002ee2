"""The tables of plans: documents, provisions, registers with their past, zones and rules."""

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from registry.domain.plans.entry import REGISTERS
from registry.store.schema.records import LIVE, geography, metadata

MOMENT = sa.TIMESTAMP(timezone=True)

document = sa.Table(
    "document",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, sa.ForeignKey("place.code")),
    sa.Column("issued_on", sa.Date),
    sa.Column("body", JSONB, nullable=False),
    comment="What was published; the texts themselves are not held.",
)

provision = sa.Table(
    "provision",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("document", sa.Text, sa.ForeignKey("document.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("place", sa.Text, sa.ForeignKey("place.code")),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Index("ix_provision_document", "document", "file", "line"),
    sa.Index("ix_provision_place", "place"),
    comment="Statements of documents in our own words.",
)


def _entry_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("realm", sa.Text, nullable=False, server_default=LIVE),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("register", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("place", sa.Text),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("updated_by", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False)),
        sa.Column("uncertainty_m", sa.Float, comment="NULL: nobody said, or there is no position."),
    ]


_LISTED = ", ".join(f"'{register}'" for register in REGISTERS)

entry = sa.Table(
    "entry",
    metadata,
    *_entry_columns(),
    sa.PrimaryKeyConstraint("realm", "id"),
    sa.ForeignKeyConstraint(["place"], ["place.code"]),
    sa.CheckConstraint(f"register IN ({_LISTED})", name="register"),
    sa.CheckConstraint("visibility IN ('public', 'internal', 'restricted')", name="visibility"),
    sa.CheckConstraint("version >= 1", name="version"),
    sa.Index("ix_entry_register", "realm", "register", "place", "id"),
    comment="The small registers beside resources: organisations, drills, hazard points and others.",
)
sa.Index("ix_entry_geog", geography(entry.c.geom), entry.c.register, postgresql_using="gist")

entry_past = sa.Table(
    "entry_past",
    metadata,
    *_entry_columns(),
    sa.Column("superseded_at", MOMENT, nullable=False),
    sa.PrimaryKeyConstraint("realm", "id", "version"),
    sa.Index("ix_entry_past_register", "realm", "register", "superseded_at"),
    comment="Every earlier version of an entry.",
)

zone = sa.Table(
    "zone",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("road", sa.Text),
    sa.Column("from_km", sa.Float),
    sa.Column("to_km", sa.Float),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("body", JSONB, nullable=False),
    sa.Column(
        "search_key",
        sa.Text,
        nullable=False,
        server_default="",
        comment="Names, pinyin, identity and road, folded as questions are.",
    ),
    sa.Column("drawing", JSONB, comment="How the geometry is to be read: what it stands for, its doubts."),
    sa.Column("geometry", sa.Text, comment="The geometry as it came, GeoJSON."),
    sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
    sa.Column("updated_by", sa.Text, nullable=False),
    sa.CheckConstraint("(drawing IS NULL) = (geometry IS NULL)", name="drawn"),
    sa.CheckConstraint("from_km < to_km", name="range"),
    comment="What spatial rules measure from; the geometry may come later.",
)

# A zone's geometry cut into short pieces; derived from zone.geometry.
zone_piece = sa.Table(
    "zone_piece",
    metadata,
    sa.Column("zone", sa.Text, sa.ForeignKey("zone.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False),
    sa.Column("km", ARRAY(sa.Float), comment="The kilometre of each vertex."),
)
sa.Index("ix_zone_piece_geog", zone_piece.c.zone, geography(zone_piece.c.geom), postgresql_using="gist")

rule = sa.Table(
    "rule",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provision", sa.Text, sa.ForeignKey("provision.id"), nullable=False),
    sa.Column("zone_kind", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    comment="Which facility and action is kept how far from which kind of zone.",
)

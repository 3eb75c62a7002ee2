"""The tables of terrain: models, their grids and squares of heights, and what watch points see."""

import sqlalchemy as sa

from registry.store.schema.plans import MOMENT
from registry.store.schema.records import metadata, one_of

SIDES = ("west", "south", "east", "north")


def _bounds() -> list[sa.Column[float]]:
    return [sa.Column(f"{side}_deg", sa.Float, nullable=False) for side in SIDES]


terrain_model = sa.Table(
    "terrain_model",
    metadata,
    sa.Column("version", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("surface", sa.Text, nullable=False),
    sa.Column("vertical_error_m", sa.Float, nullable=False),
    sa.Column("canopy_m", sa.Float),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("loaded_at", MOMENT, nullable=False),
    sa.Column("loaded_by", sa.Text, nullable=False),
    sa.Column("cells", sa.BigInteger, nullable=False),
    sa.Column("voids", sa.BigInteger, nullable=False),
    *_bounds(),
    one_of("surface", ("dsm", "dtm")),
    comment="What is said of elevations; the one with the greatest version is in use.",
)

terrain_grid = sa.Table(
    "terrain_grid",
    metadata,
    sa.Column(
        "version", sa.Integer, sa.ForeignKey("terrain_model.version", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("crs", sa.Integer, nullable=False),
    *(sa.Column(name, sa.Float, nullable=False) for name in ("first_x", "first_y", "step_x", "step_y")),
    *(sa.Column(name, sa.Integer, nullable=False) for name in ("columns", "rows")),
    *_bounds(),
    comment="The grids of a model, one a file: where their cells lie.",
)

terrain_chunk = sa.Table(
    "terrain_chunk",
    metadata,
    *(
        sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)
        for name in ("version", "number", "across", "down")
    ),
    sa.Column("heights", sa.LargeBinary, nullable=False),
    sa.ForeignKeyConstraint(
        ["version", "number"], ["terrain_grid.version", "terrain_grid.number"], ondelete="CASCADE"
    ),
    comment="Squares of a grid with any height: 32-bit floats, bytes by their rank, deflated.",
)

terrain_seen = sa.Table(
    "terrain_seen",
    metadata,
    sa.Column("realm", sa.Text, primary_key=True),
    sa.Column("resource_id", sa.Uuid, primary_key=True),
    sa.Column("smoke_height_m", sa.Float, primary_key=True),
    sa.Column("basis", sa.Text, nullable=False, comment="The digest of all that it depends on."),
    sa.Column("resource_version", sa.Integer, nullable=False),
    sa.Column("model_version", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, comment="Why it cannot be worked out."),
    *(sa.Column(name, sa.LargeBinary) for name in ("lower", "nominal", "upper")),
    sa.Column("unknown_m2", sa.Float),
    sa.Column("drawn_at", MOMENT, nullable=False),
    sa.CheckConstraint("(reason IS NULL) = (nominal IS NOT NULL)", name="drawn"),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"], ondelete="CASCADE"),
    comment="Where smoke of a height is seen from a watch point, as WKB: at least, as recorded, at most.",
)

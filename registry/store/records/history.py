"""The past of a resource: a version, its lifecycle before retirement, its changes."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.errors import NotFound
from registry.domain.records import feature
from registry.domain.records.resource import Lifecycle, Resource
from registry.store.as_of import CLASSIFICATION, INSTANT, VERSIONS
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.database.read_trace import noted
from registry.store.schema.changes import change_log, resource_past
from registry.store.schema.records import resource
from registry.store.visibility import PUBLIC, Shape, binds, in_scope, realm, shape, view

TODAY = resource.alias(CLASSIFICATION)

_OF = (change_log.c.realm == sa.bindparam("realm"), change_log.c.resource_id == sa.bindparam("id"))
_PAST = (resource_past.c.realm == sa.bindparam("realm"), resource_past.c.id == sa.bindparam("id"))
VERSION = Query(sa.select(change_log.c.members).where(*_OF, change_log.c.version == sa.bindparam("version")))
BEFORE_RETIREMENT = Query(
    sa.select(resource_past.c.lifecycle)
    .where(*_PAST, resource_past.c.lifecycle != sa.literal_column("'retired'"))
    .order_by(resource_past.c.version.desc())
    .limit(1)
)


async def version(reader: Reader, sight: Sight, identity: UUID, number: int) -> Resource:
    """A past version as it was recorded; NotFound when there was none."""
    values = {"realm": realm(sight), "id": identity, "version": number}
    row = await reader.row(VERSION, values)
    if row is None:
        raise NotFound("version", number)
    return feature.from_canonical(row["members"])


async def lifecycle_before_retirement(reader: Reader, sight: Sight, identity: UUID) -> Lifecycle:
    """The stage of life a retired resource had; in service when it was never recorded otherwise."""
    row = await reader.row(BEFORE_RETIREMENT, {"realm": realm(sight), "id": identity})
    return "in_service" if row is None else row["lifecycle"]


def _readable_text(table: Any, form: Shape) -> Any:
    """What this sight may read of a version: the whole text, its public face, or nothing."""
    if form.clearance == "restricted":
        return sa.case((noted(table.c.visibility), table.c.feature))
    shown: Any = table.c.visibility != sa.literal_column("'restricted'")
    if form.scoped:
        shown = sa.or_(shown, sa.and_(in_scope(table.c.place), noted(table.c.visibility)))
    text = table.c.feature
    if form.clearance == "public":
        is_public = sa.and_(table.c.visibility == PUBLIC, TODAY.c.visibility == PUBLIC)
        text = sa.func.coalesce(table.c.public_feature, sa.case((is_public, table.c.feature)))
    return sa.case((shown, text))


def _readable_versions(form: Shape) -> sa.CompoundSelect[Any]:
    """Every version that was recorded until the instant of the sight, as this sight may read it."""
    return sa.union_all(
        *(
            sa.select(
                table.c.version,
                _readable_text(table, form).label("feature"),
                sa.or_(table.c.visibility != PUBLIC, TODAY.c.visibility != PUBLIC).label("is_secret"),
            )
            .select_from(table.join(TODAY, sa.and_(TODAY.c.realm == table.c.realm, TODAY.c.id == table.c.id)))
            .where(
                table.c.realm == sa.bindparam("realm"),
                table.c.id == sa.bindparam("id"),
                *([table.c.updated_at <= INSTANT] if form.past else ()),
            )
            for table in (resource, resource_past)
        )
    )


@statement
def _changes(form: Shape) -> Query:
    seen = view(form)
    versions = _readable_versions(form).subquery(VERSIONS)
    after, before = versions.alias("after"), versions.alias("before")
    names = ("version", "verb", "at", "actor", "via", "request_id", "device_at")
    reason: Any = change_log.c.reason
    if form.clearance == "public":  # it may name the place
        reason = sa.case((after.c.is_secret, sa.null()), else_=reason)
    visible = sa.exists().where(seen.seen, seen.c.id == sa.bindparam("id"))
    return Query(
        sa.select(
            *(change_log.c[name] for name in names),
            reason.label("reason"),
            after.c.feature.label("after"),
            before.c.feature.label("before"),
        )
        .select_from(
            change_log.join(after, after.c.version == change_log.c.version).outerjoin(
                before, before.c.version == change_log.c.version - 1
            )
        )
        .where(*_OF, visible, after.c.feature.is_not(None))
        .order_by(change_log.c.version.desc())
        .limit(sa.bindparam("limit"))
    )


async def changes(reader: Reader, sight: Sight, identity: UUID, limit: int) -> list[Row]:
    """The changes of a resource, latest first, as far as this sight may know them."""
    values = binds(sight) | {"realm": realm(sight), "id": identity, "limit": limit}
    return await reader.rows(_changes(shape(sight)), values)

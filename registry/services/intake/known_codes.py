"""Refuse a question with a code or a place that nobody knows."""

from typing import Any, TypeVar

from registry.domain.errors import UnknownCode
from registry.domain.intake.finding import refusals
from registry.domain.intake.members import examine_members
from registry.services.clock import now
from registry.services.intake.reference import load
from registry.store.database.pool import Reader

T = TypeVar("T")


async def demand_known(reader: Reader, value: T, *, kind: Any = None, field: str | None = None) -> T:
    """The value with its places in the form of their list; UnknownCode, with the nearest, for others.

    `kind` is the annotated type and `field` the name of a value that is a code itself.
    """
    known, findings = examine_members(value, await load(reader), now(), kind=kind, folds=False)
    for one in refusals(findings):
        name = field or (one.field or "").strip("/").partition("/")[0]
        raise UnknownCode(one.message.en, field=name, proposal=one.proposal, zh=one.message.zh)
    return known

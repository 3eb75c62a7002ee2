"""What a field officer may do to a record: see and describe it, not decide how secret or how proven it is."""

from registry.domain.access.sight import stricter
from registry.domain.errors import Forbidden
from registry.domain.records.resource import Resource, Source

OWN_KINDS = ("person", "assumption")
"""Kinds of sources that a person in the field can state; documents and imports are a planner's."""


def check_field_rights(current: Resource | None, revised: Resource) -> None:
    """Forbidden where a field officer would show a record to more people, or invent or drop its sources."""
    if current is not None:
        _check_visibility(current, revised)
    _check_sources([] if current is None else current.properties.sources, revised.properties.sources)


def _check_visibility(current: Resource, revised: Resource) -> None:
    before, after = current.visibility, revised.visibility
    if stricter(before, after) != after:
        raise Forbidden(
            f"only a planner shows a record that is {before} to more people",
            field="properties.visibility",
            zh=f"密级为 {before} 的记录只能由规划员放宽",
        )


def _check_sources(before: list[Source], after: list[Source]) -> None:
    invented = [one for one in after if one not in before and one.kind not in OWN_KINDS]
    dropped = [one for one in before if one not in after and one.kind not in OWN_KINDS]
    if invented or dropped:
        source = (invented or dropped)[0]
        what = "adds" if invented else "removes or changes"
        raise Forbidden(
            f"only a planner {what} a source of kind {source.kind}; state yours as person or assumption",
            field="properties.sources",
            zh=f"类别为 {source.kind} 的来源只能由规划员增删改；现场人员请以 person 或 assumption 说明",
        )

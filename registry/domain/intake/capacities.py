"""The steps of the gate about how many persons a shelter has room for, in all and by use."""

from msgspec import structs

from registry.domain.intake.finding import Finding, finding
from registry.domain.records.resource import Resource, Shelter


def with_capacity(record: Resource) -> tuple[Resource, list[Finding]]:
    """The record with the sum of its spaces where nobody stated how many persons it has room for in all."""
    properties = record.properties
    if not isinstance(properties, Shelter) or properties.capacity_persons is not None:
        return record, []
    persons = _sum_of_spaces(properties)
    if persons is None:
        return record, []
    note = finding("capacity_added", "/properties/capacity_persons", None, persons, persons=persons)
    return structs.replace(record, properties=structs.replace(properties, capacity_persons=persons)), [note]


def differing_capacities(record: Resource) -> list[Finding]:
    """Warnings where both spaces together are not what there is in all, or one use is more than that."""
    properties = record.properties
    if not isinstance(properties, Shelter) or properties.capacity_persons is None:
        return []
    capacity, total = properties.capacity_persons, _sum_of_spaces(properties)
    spaces = {one.space for one in properties.capacities if one.hazard is None and one.space is not None}
    wrong = [total] if total is not None and len(spaces) > 1 and total != capacity else []
    wrong = wrong or [one.persons for one in properties.capacities if one.persons > capacity][:1]
    return [
        finding("capacity_differs", "/properties/capacities", persons, persons=persons, capacity=capacity)
        for persons in wrong
    ]


def _sum_of_spaces(properties: Shelter) -> int | None:
    """The persons of the spaces, whatever the hazard; None where no space is stated."""
    stated = [one.persons for one in properties.capacities if one.space is not None and one.hazard is None]
    return sum(stated) if stated else None

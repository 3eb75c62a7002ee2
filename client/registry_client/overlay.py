"""A record as the device shows it: the registry's version with the local operations applied."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from registry_client.local_store import QueuedOperation

REFUSED = frozenset({"conflict", "rejected"})
NAMES_A_LINE = ("item_code", "scheme", "unit", "lot", "expires_on")
"""What a report may say of a stock line to tell it from the others."""
STATUS = ("readiness", "opening", "operational", "occupancy_persons")


def overlaid(feature: dict[str, Any] | None, operations: Sequence[QueuedOperation]) -> dict[str, Any] | None:
    """`feature` with the operations applied in their order, without those that were refused."""
    for operation in operations:
        if operation.result not in REFUSED:
            feature = _applied(feature, operation)
    return feature


def _applied(feature: dict[str, Any] | None, operation: QueuedOperation) -> dict[str, Any] | None:
    if operation.kind == "create":
        return feature or operation.body | {"id": operation.resource_id}
    if feature is None:
        return None
    properties, body = feature["properties"], operation.body
    match operation.kind:
        case "patch":
            geometry = {"geometry": body["geometry"]} if "geometry" in body else {}
            return feature | geometry | {"properties": merged(properties, body.get("properties", {}))}
        case "status":
            status = {name: body[name] for name in STATUS if body.get(name) is not None}
            return feature | {"properties": properties | status}
        case "stock":
            return feature | {"properties": properties | {"stock": _stock(properties["stock"], body)}}
        case "verification":
            at = datetime.fromtimestamp(operation.made_at_s, UTC).isoformat()
            return feature | {"properties": properties | {"verified_at": at}}
        case "retire":
            return feature | {"properties": properties | {"lifecycle": "retired"}}
    return feature


def merged(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`target` with a JSON merge patch (RFC 7396) applied; null removes a member."""
    members = {name: value for name, value in target.items() if name not in patch or patch[name] is not None}
    for name, value in patch.items():
        if isinstance(value, Mapping):
            before = target.get(name)
            members[name] = merged(before if isinstance(before, Mapping) else {}, value)
        elif value is not None:
            members[name] = value
    return members


def _stock(lines: list[dict[str, Any]], body: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines after the counts of a report, and then its movements."""
    for count in body.get("counts", []):
        lines = [line | {"quantity": count["quantity"]} if _is_of(line, count) else line for line in lines]
    for movement in body.get("movements", []):
        lines = [_moved(line, movement["change"]) if _is_of(line, movement) else line for line in lines]
    return lines


def _is_of(line: dict[str, Any], item: dict[str, Any]) -> bool:
    return all(line.get(name) == item[name] for name in NAMES_A_LINE if item.get(name) is not None)


def _moved(line: dict[str, Any], change: float) -> dict[str, Any]:
    quantity = line.get("quantity")
    return line if quantity is None else line | {"quantity": quantity + change}

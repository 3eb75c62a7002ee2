"""A record as the device shows it: the registry's version with the local operations applied."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from registry_client.local_store import QueuedOperation

REFUSED = frozenset({"conflict", "rejected"})
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
    counts = {line["item_code"]: line["quantity"] for line in body.get("counts", [])}
    movements = {line["item_code"]: line["change"] for line in body.get("movements", [])}
    return [_line(line, counts, movements) for line in lines]


def _line(line: dict[str, Any], counts: dict[str, float], movements: dict[str, float]) -> dict[str, Any]:
    quantity = counts.get(line["item_code"], line.get("quantity"))
    if quantity is not None:
        quantity += movements.get(line["item_code"], 0)
    return line | {"quantity": quantity}

"""What a record looks like with what was done on this device and is not in the registry's words yet."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from registry.client.pocket import Queued
from registry.domain.records.change import merge_patch

REFUSED = frozenset({"conflict", "rejected"})
STATUS = ("readiness", "opening", "operational", "occupancy_persons")


def overlaid(feature: dict[str, Any] | None, operations: Sequence[Queued]) -> dict[str, Any] | None:
    """`feature` with the operations on top, in their order; what was refused is left out."""
    for operation in operations:
        if operation.result not in REFUSED:
            feature = _on_top(feature, operation)
    return feature


def _on_top(feature: dict[str, Any] | None, operation: Queued) -> dict[str, Any] | None:
    if operation.kind == "create":
        return feature or operation.body | {"id": operation.resource_id}
    if feature is None:
        return None
    properties, body = feature["properties"], operation.body
    match operation.kind:
        case "patch":
            moved = {"geometry": body["geometry"]} if "geometry" in body else {}
            return feature | moved | {"properties": merge_patch(properties, body.get("properties", {}))}
        case "status":
            seen = {name: body[name] for name in STATUS if body.get(name) is not None}
            return feature | {"properties": properties | seen}
        case "stock":
            return feature | {"properties": properties | {"stock": _stock(properties["stock"], body)}}
        case "verification":
            at = datetime.fromtimestamp(operation.made_at, UTC).isoformat()
            return feature | {"properties": properties | {"verified_at": at}}
        case "retire":
            return feature | {"properties": properties | {"lifecycle": "retired"}}
    return feature


def _stock(lines: list[dict[str, Any]], body: dict[str, Any]) -> list[dict[str, Any]]:
    counted = {line["item_code"]: line["quantity"] for line in body.get("counts", [])}
    moved = {line["item_code"]: line["change"] for line in body.get("movements", [])}
    return [_line(line, counted, moved) for line in lines]


def _line(line: dict[str, Any], counted: dict[str, float], moved: dict[str, float]) -> dict[str, Any]:
    quantity = counted.get(line["item_code"], line.get("quantity"))
    if quantity is not None:
        quantity += moved.get(line["item_code"], 0)
    return line | {"quantity": quantity}

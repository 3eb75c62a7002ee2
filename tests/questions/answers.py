"""What the tests of the questions look at in an answer."""

from typing import Any

YONGXIN = {"lon": 106.55, "lat": 28.95}
ZENGJIA = {"lon": 106.30, "lat": 29.55}
"""Spots in the two towns of which the documents tell most."""


def actions(check: dict[str, Any]) -> set[str]:
    """What would settle a check."""
    return {fact["action"] for fact in check["missing"]}


def names(entries: list[dict[str, Any]]) -> list[str]:
    """The Chinese names of register entries."""
    return [entry["name"]["zh"] for entry in entries]


def totals(answer: dict[str, Any]) -> set[int]:
    """The published totals beside an answer about a set."""
    return {published["total"] for published in answer["completeness"]["published"]}


def not_held(check: dict[str, Any]) -> bool:
    """Whether the registry says that it holds nothing which a question could be answered from."""
    return check["verdict"] == "cannot_evaluate" and bool(check["reason"]["en"])

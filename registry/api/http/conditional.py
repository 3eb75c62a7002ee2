"""Validators and conditional requests (RFC 9110, 13)."""

import hashlib
import re
from collections.abc import Container
from typing import Annotated

from litestar.params import HeaderParameter

from registry.domain.access.sight import Sight
from registry.domain.records.feature import with_member
from registry.services.records.work import ANY_VERSION, Saved

IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", max_length=2000, description="The ETag you hold; * for any version."),
]
IfNoneMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match", max_length=2000, description="The ETag you hold: 304 while it is current."
    ),
]

TAG = re.compile(r'"([1-9][0-9]{0,9})-([a-z])(?:\.[0-9a-f]+)?"')


def etag_of(version: int, sight: Sight, beside: str | None = None) -> str:
    """The strong validator of one version as this sight sees it, with what is shown beside the record."""
    suffix = "" if beside is None else f".{hashlib.sha256(beside.encode()).hexdigest()[:12]}"
    return f'"{version}-{sight.clearance[0]}{suffix}"'


def body_of(saved: Saved) -> bytes:
    """The Feature that was saved, with what was observed and is not the state now."""
    body = saved.feature.encode()
    return with_member(body, "unapplied", saved.unapplied) if saved.unapplied else body


def matches(condition: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match header names the validator."""
    return condition.strip() == "*" or etag in _tags(condition)


def versions_in(if_match: str | None, sight: Sight) -> Container[int] | None:
    """The versions that an If-Match header names to this sight; None without the header."""
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return ANY_VERSION
    tags = (TAG.fullmatch(tag) for tag in _tags(if_match))
    return {int(tag[1]) for tag in tags if tag is not None and tag[2] == sight.clearance[0]}


def _tags(condition: str) -> list[str]:
    return [part.strip().removeprefix("W/") for part in condition.split(",")]

"""Validators and conditional requests (RFC 9110, 13)."""

from collections.abc import Callable

from registry.domain.access.sight import Sight


def etag_of(version: int, sight: Sight) -> str:
    """The strong validator of one version as this sight sees it."""
    return f'"{version}-{sight.clearance[0]}"'


def matches(condition: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match header names the validator."""
    return condition.strip() == "*" or etag in (
        part.strip().removeprefix("W/") for part in condition.split(",")
    )


def holds_version(if_match: str | None, sight: Sight) -> Callable[[int], bool] | None:
    """A test whether an If-Match header names a version as this sight sees it; None without the header."""
    if if_match is None:
        return None
    return lambda version: matches(if_match, etag_of(version, sight))

"""Routes of the OGC API: GET handlers with the parameters that they accept."""

from collections.abc import Callable
from typing import Any

from litestar import get

from registry.api.http.access.admission import OWN
from registry.api.http.dependencies import OF_PRIMARY
from registry.api.ogc.parameters import SIGHT, fixed


def plain(path: str, *names: str) -> Callable[[Any], Any]:
    """A route that accepts `f`, `exercise`, `as_of` and these parameters."""
    return get(path, opt={"parameters": fixed("f", *SIGHT, *names)}, include_in_schema=False)


def drawn(path: str, *names: str) -> Callable[[Any], Any]:
    """A route like `plain` whose handler takes a slot only for what is not kept."""
    return get(
        path, opt={"parameters": fixed("f", *SIGHT, *names), **OWN, **OF_PRIMARY}, include_in_schema=False
    )


def varying(path: str, names: Callable[[dict[str, Any]], frozenset[str]]) -> Callable[[Any], Any]:
    """A route whose parameters depend on its path."""
    return get(path, opt={"parameters": names}, include_in_schema=False)

"""How a resource of the OGC face is routed: GET, and the parameters it knows."""

from collections.abc import Callable
from typing import Any

from litestar import get

from registry.api.ogc.parameters import SIGHT, fixed


def plain(path: str, *names: str) -> Callable[[Any], Any]:
    """A resource that knows `f`, `exercise` and these parameters."""
    return get(path, opt={"parameters": fixed("f", *SIGHT, *names)}, include_in_schema=False)


def varying(path: str, names: Callable[[dict[str, Any]], frozenset[str]]) -> Callable[[Any], Any]:
    """A resource whose parameters depend on its path."""
    return get(path, opt={"parameters": names}, include_in_schema=False)

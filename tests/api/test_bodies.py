"""Every body refuses unknown members: what is ignored in silence is taken for an answer."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from registry.app import create_app
from registry.runtime.settings import Settings


def structs(kind: Any, seen: set[Any]) -> Iterator[type[msgspec.Struct]]:
    """The structs that a type holds, each once."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    for part in get_args(kind):
        yield from structs(part, seen)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        seen.add(kind)
        yield kind
        for hint in get_type_hints(kind, include_extras=True).values():
            yield from structs(hint, seen)


def bodies(app: Any) -> dict[str, Any]:
    """The type of each handler's body, by method and path."""
    return {
        f"{method} {route.path}": handler.parsed_data_field.annotation
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if handler.parsed_data_field is not None
        for method in handler.http_methods
    }


APP = create_app(Settings(), "postgresql://nobody@nowhere/nothing")
BODIES = bodies(APP)


def test_the_walk_reaches_the_bodies_of_coverage() -> None:
    assert sum("/v1/coverage" in route for route in BODIES) == 11


@pytest.mark.parametrize("route", sorted(BODIES))
def test_every_struct_of_a_body_refuses_unknown_members(route: str) -> None:
    lenient = [
        one for one in structs(BODIES[route], set()) if not one.__struct_config__.forbid_unknown_fields
    ]
    assert [one.__name__ for one in lenient] == []

"""Query parameters that several routes share, and those of the declared conditions."""

from collections.abc import Callable
from datetime import datetime
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import inspect

from registry.domain.access.sight import Sight
from registry.domain.conditions import Condition, Criteria, declared, parse_bbox
from registry.domain.errors import InvalidQuery
from registry.domain.records.resource import Lifecycle
from registry.domain.terrain.watched import SightRule

EXERCISE = r"^(?!live$)[a-z0-9][a-z0-9\-]*$"
LONGEST_EXERCISE = 40
LONGEST_LIST = 1000

Lon = Annotated[float, QueryParameter(ge=-180, le=180, description="Longitude, WGS 84 degrees.")]
Lat = Annotated[float, QueryParameter(ge=-90, le=90, description="Latitude, WGS 84 degrees.")]
RadiusM = Annotated[
    float, QueryParameter(ge=0, le=20_037_509, description="Radius in metres, edge included.")
]
MaxM = Annotated[
    float | None, QueryParameter(ge=0, le=20_037_509, description="No farther than this, metres.")
]
K = Annotated[int, QueryParameter(ge=1, le=1000, description="How many.")]
Limit = Annotated[int, QueryParameter(ge=1, le=10_000, description="At most so many records in one answer.")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=400, description="From the `next` link of the page before.")
]
PlaceParam = Annotated[
    str | None,
    QueryParameter(
        name="place", max_length=64, description="Code of a place or management area, with all under it."
    ),
]
SightRuleParam = Annotated[
    SightRule,
    QueryParameter(name="sight", description="By their radius, or by what they see over the terrain."),
]
SmokeHeightParam = Annotated[
    float | None,
    QueryParameter(
        name="smoke_height_m", gt=0, le=1000, description="With sight=terrain: how high the smoke has risen."
    ),
]
DrawnSmokeHeight = Annotated[
    float, QueryParameter(name="smoke_height_m", gt=0, le=1000, description="How high the smoke has risen.")
]
LifecycleParam = Annotated[
    Lifecycle | None,
    QueryParameter(name="lifecycle", description="Stage of life; in_service unless given."),
]
Q = Annotated[
    str | None, QueryParameter(min_length=1, max_length=100, description="Part of a name, zh or en.")
]

C = TypeVar("C", bound=Criteria)
T = TypeVar("T", bound=msgspec.Struct)
_TYPES = {
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
    inspect.DateTimeType: datetime,
}
_BOUNDS = ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern")


def conditions_in_query(criteria: type[C]) -> Callable[..., C]:
    """A dependency that reads these criteria from the query string, one parameter for each condition.

    It also takes `sight`, so that Litestar resolves the dependencies in sequence.
    """
    conditions = declared(criteria)

    def conditions_of(sight: Sight, **texts: Any) -> C:
        values = {name: _value(conditions[name], text) for name, text in texts.items() if text is not None}
        return converted(values, criteria)

    types: dict[str, Any] = {"sight": NamedDependency[Sight]}
    types |= {name: _parameter_type(condition) for name, condition in conditions.items()}
    dependency: Any = conditions_of
    dependency.__annotations__ = types | {"return": criteria}
    dependency.__signature__ = Signature(
        [
            Parameter(name, Parameter.KEYWORD_ONLY, default=Parameter.empty if name == "sight" else None)
            for name in types
        ]
    )
    typed: Callable[..., C] = dependency
    return typed


def _parameter_type(condition: Condition) -> Any:
    """The annotation of a condition's parameter; lists and boxes are comma-separated text."""
    bounds: dict[str, Any] = {"max_length": LONGEST_LIST}
    kind: Any = str
    if condition.choices:
        kind, bounds = Literal.__getitem__(condition.choices), {}
    elif type(condition.type) in _TYPES:
        kind = _TYPES[type(condition.type)]
        bounds = {
            name: bound for name in _BOUNDS if (bound := getattr(condition.type, name, None)) is not None
        }
    description = (
        f"{condition.description}; one or several: a,b" if condition.is_list else condition.description
    )
    return Annotated[kind | None, QueryParameter(description=description, **bounds)]


def _value(condition: Condition, text: Any) -> Any:
    if isinstance(condition.type, inspect.TupleType):
        return parse_bbox(text)
    return text.split(",") if condition.is_list else text


def converted(values: dict[str, Any], kind: type[T]) -> T:
    """The struct of these values; InvalidQuery names the parameter that is wrong."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        name = str(error).partition("`$.")[2].partition("[")[0].rstrip("`")
        raise InvalidQuery(f"{name}: {str(error).partition(' - at')[0]}", field=name) from error

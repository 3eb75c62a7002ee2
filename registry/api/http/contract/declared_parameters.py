"""What a handler and its dependencies declare of a request's parameters."""

from collections.abc import Mapping
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition


def declared(handler: HTTPRouteHandler) -> dict[str, FieldDefinition]:
    """Every parameter of a handler by the name that a request gives it."""
    found: dict[str, FieldDefinition] = {}
    _collect(handler.parsed_fn_signature.parameters, handler.resolve_dependencies(), found)
    return found


def kinds_of(field: FieldDefinition) -> set[Any]:
    """The types that a parameter may have."""
    return {inner.annotation for inner in field.inner_types} if field.is_union else {field.annotation}


def _collect(
    parameters: Mapping[str, FieldDefinition], provided: Mapping[str, Any], found: dict[str, FieldDefinition]
) -> None:
    for name, field in parameters.items():
        if name in provided:
            _collect(provided[name].parsed_fn_signature.parameters, provided, found)
        elif isinstance(field.kwarg_definition, ParameterKwarg):
            told = field.kwarg_definition
            found[getattr(told, "name", None) or told.header or told.query or name] = field

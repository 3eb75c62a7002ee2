"""The request parameters that a handler and its dependencies declare."""

from collections.abc import Mapping
from typing import Any

from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition


def declared(handler: HTTPRouteHandler) -> dict[str, FieldDefinition]:
    """Every parameter of a handler by its name in a request."""
    collected: dict[str, FieldDefinition] = {}
    _collect(handler.parsed_fn_signature.parameters, handler.resolve_dependencies(), collected)
    return collected


def kinds_of(field: FieldDefinition) -> set[Any]:
    """The types that a parameter may have."""
    return {inner.annotation for inner in field.inner_types} if field.is_union else {field.annotation}


def _collect(
    parameters: Mapping[str, FieldDefinition], provided: Mapping[str, Any], into: dict[str, FieldDefinition]
) -> None:
    for name, field in parameters.items():
        if name in provided:
            _collect(provided[name].parsed_fn_signature.parameters, provided, into)
        elif isinstance(field.kwarg_definition, ParameterKwarg):
            stated = field.kwarg_definition
            into[getattr(stated, "name", None) or stated.header or stated.query or name] = field

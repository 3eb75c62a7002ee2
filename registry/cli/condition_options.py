"""Command-line options for the conditions on records, made from their declaration."""

from collections.abc import Callable
from typing import Any

import click
from msgspec import inspect

from registry.domain.conditions import Condition, Conditions, declared

SHORT = {"specialties_any": "--specialty", "hazards_any": "--hazard", "free_persons": "--room"}
"""Shorter names for the options that are used most."""


def condition_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add one option for each condition; a list is given by repeating its option."""
    for condition in reversed(declared(Conditions).values()):
        command = _option(condition)(command)
    return command


def stated(options: dict[str, Any]) -> dict[str, Any]:
    """The conditions that were given, by name."""
    return {name: value for name, value in options.items() if value is not None and value != ()}


def _option(condition: Condition) -> Callable[[Callable[..., None]], Callable[..., None]]:
    name = condition.name
    flags = [SHORT[name]] if name in SHORT else []
    return click.option(
        f"--{name.replace('_', '-')}",
        *flags,
        name,
        type=_type(condition),
        multiple=condition.is_list,
        help=condition.description,
    )


def _type(condition: Condition) -> click.ParamType[Any] | None:
    """What click checks; the rest is checked when the options become conditions."""
    kind = condition.type
    if condition.choices:
        return click.Choice(condition.choices)
    if isinstance(kind, inspect.IntType):
        return click.IntRange(kind.ge, kind.le)
    return click.FloatRange(kind.ge, kind.le) if isinstance(kind, inspect.FloatType) else None

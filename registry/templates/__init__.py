"""HTML templates of pages and reports. Every value is escaped unless it is `Markup`."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: Any) -> str:
    """The page of a template of this folder, such as `plan_report.html`, filled with these values."""
    return _ENVIRONMENT.get_template(template).render(values)

"""The processes: questions of /v1 that are asked by POST, each under a name of its own.

Inputs, answer, cost and description are those of the route of /v1; nothing is declared twice.
"""

import inspect
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from litestar import Response, Router
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from registry.api.http.links import JSON
from registry.api.v1.coverage import coverage
from registry.api.v1.places import rules
from registry.api.v1.proximity import covering, nearest, router, situation, supplies
from registry.domain.records.resource import Exercise

OUTPUT = "answer"
"""Every process has one output."""
STRICT: dict[str, Any] = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True}
REALM: list[tuple[str, Any, Any]] = [
    (
        "exercise",
        Annotated[Exercise, Meta(description="Ask inside a drill or demonstration instead of real life.")]
        | None,
        None,
    ),
    (
        "as_of",
        Annotated[datetime, Meta(description="Answer from what was recorded at this instant (RFC 3339).")]
        | None,
        None,
    ),
]
"""Inputs for what a route of /v1 takes in its query: a client of processes has only inputs."""


class Process:
    """A question of /v1 as a process."""

    def __init__(self, identity: str, title: str, parent: Router, handler: HTTPRouteHandler) -> None:
        self.id = identity
        self.title = title
        self.parent = parent
        self.handler = handler
        self.ask: Callable[..., Awaitable[Any]] = handler.fn
        self.parameters = inspect.signature(handler.fn).parameters

    @property
    def description(self) -> str:
        """What it promises: the sentence of its route."""
        return inspect.cleandoc(self.ask.__doc__ or "")

    @property
    def twin(self) -> str:
        """The path of the same question in /v1."""
        [path] = self.handler.paths
        return f"{self.parent.path.rstrip('/')}/{path.lstrip('/')}".rstrip("/")

    @property
    def may_be_a_job(self) -> bool:
        """Whether it can be worked while nobody waits."""
        return "analysis" in self.parameters

    @property
    def media(self) -> str:
        """The media type of the answer."""
        return str(self.handler.media_type or JSON)

    @property
    def answer(self) -> Any:
        """The type of the answer."""
        if self.may_be_a_job:
            return (self.handler.responses or {})[200].data_container
        kind = inspect.signature(self.ask).return_annotation
        return get_args(kind)[0] if get_origin(kind) is Response else kind

    @cached_property
    def inputs(self) -> type[msgspec.Struct]:
        """The type of the inputs: the body of the route, with what it takes in its query."""
        body: type[msgspec.Struct] = get_args(self.parameters["data"].annotation)[0]
        if "sight" not in self.parameters or "exercise" in body.__struct_fields__:
            return body
        named: dict[str, Any] = {"module": body.__module__, **STRICT}
        return msgspec.defstruct(body.__name__, REALM, bases=(body,), **named)

    @cached_property
    def execution(self) -> type[msgspec.Struct]:
        """The type of the body of an execute request (18-062r2, 7.11)."""
        media: Any = Literal.__getitem__(self.media)
        form = msgspec.defstruct("OutputFormat", [("mediaType", media)], **STRICT)
        chosen = msgspec.defstruct(
            "OutputChoice",
            [("format", form | None, None), ("transmissionMode", Literal["value"], "value")],
            **STRICT,
        )
        outputs = msgspec.defstruct("Outputs", [(OUTPUT, chosen | None, None)], **STRICT)
        members: list[Any] = [
            ("inputs", self.inputs),
            ("outputs", outputs | None, None),
            ("response", Literal["raw", "document"], "raw"),
        ]
        stated = {"exercise": _stated("exercise"), "as_of": _stated("as_of")}
        return msgspec.defstruct("Execution", members, namespace=stated, **STRICT)


def _stated(name: str) -> property:
    """A member of the inputs, where the checks of every request look for it."""
    return property(lambda execution: getattr(execution.inputs, name, None))


PROCESSES: dict[str, Process] = {
    one.id: one
    for one in (
        Process("nearest", "Nearest resources · 最近的资源", router, nearest.ask_nearest),
        Process("within", "Resources within a distance · 一定距离内的资源", router, nearest.ask_within),
        Process(
            "covering", "Watch points that cover a spot · 覆盖某处的瞭望点", router, covering.ask_covering
        ),
        Process("situation", "Situation at an alarm · 警情周边态势", router, situation.ask_situation),
        Process("supplies", "Depots that hold what is needed · 物资调配", router, supplies.ask_supplies),
        Process("coverage", "Coverage · 覆盖率", coverage.router, coverage.ask_coverage),
        Process("gaps", "Gaps in coverage · 覆盖空白", coverage.router, coverage.find_gaps),
        Process("depth", "Depth of coverage · 覆盖重数", coverage.router, coverage.find_depth),
        Process("criticality", "Criticality · 关键资源", coverage.router, coverage.find_criticality),
        Process("scenario", "Scenario · 方案推演", coverage.router, coverage.try_scenario),
        Process("siting", "Siting · 选址", coverage.router, coverage.find_sites),
        Process("distance", "Distance to the nearest · 最近距离", coverage.router, coverage.measure_distance),
        Process(
            "minutes", "Demand reached by road · 按道路分钟可达", coverage.router, coverage.measure_travel
        ),
        Process("compare", "Comparison of scenarios · 方案比较", coverage.router, coverage.compare_scenarios),
        Process("members", "Places with and without · 有无分布", coverage.router, coverage.find_members),
        Process("rules-check", "Check of a site by the rules · 选址规则检查", rules.router, rules.check_site),
    )
}
"""By their identities; those of analyses are the kinds of their jobs."""
ANALYSES = tuple(one.id for one in PROCESSES.values() if one.may_be_a_job)

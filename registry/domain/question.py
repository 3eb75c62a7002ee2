"""A coverage question with everything needed to answer it, so that it can be worked anywhere."""

from msgspec import Struct

from registry.domain.coverage import Assessment, Coverage, assess, describe
from registry.domain.ground import lay_out
from registry.domain.relevance import concerned
from registry.domain.watcher import AreaPart, Watcher


class Question(Struct, frozen=True, kw_only=True):
    """The area with the places that part it, and the watchers that may reach it."""

    whole: AreaPart
    parts: list[AreaPart]
    watchers: list[Watcher]


def work_out(question: Question) -> Assessment:
    """What the watchers that concern the area leave open."""
    ground = lay_out(question.parts, question.whole)
    return assess(ground, concerned(ground, question.watchers))


def measure(question: Question) -> Coverage:
    """The ratio with its interval, and all that the answer rests on."""
    return describe(work_out(question))

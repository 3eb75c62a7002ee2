"""Fold the texts of a value and check its codes, places, clocks and positions, by the marks on its types.

The marks are in `domain/values.py`. A visitor is made once for each type. It gives the same value back where
nothing changes, so that a value without marks costs nothing.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct, structs

from registry.domain.intake.finding import Finding, Message, Path, finding, pointer_of
from registry.domain.intake.fold import folded
from registry.domain.intake.reference import Reference
from registry.domain.intake.vocabulary import SUBJECTS, Nearest
from registry.domain.records.clock import EARLIEST, MOST_AHEAD
from registry.domain.values import CodeOf, FoldedText, Located, Name, ObservedAt

T = TypeVar("T")
NO_FIX_DEG = 1e-6
PLACE = CodeOf(("place",))


class Examination(Struct):
    """One walk over a value: what it compares with, and what it found."""

    reference: Reference
    now: datetime
    findings: list[Finding]
    folds: bool = True

    def add(self, code: str, path: Path, value: Any, proposal: Any = None, /, **figures: Any) -> None:
        """Note a finding about the member at a path."""
        self.findings.append(finding(code, pointer_of(path), value, proposal, **figures))


Visitor = Callable[[Any, Path, Examination], Any]


def examine_members(
    value: T, reference: Reference, now: datetime, *, kind: Any = None, path: Path = (), folds: bool = True
) -> tuple[T, list[Finding]]:
    """The value with folded texts and places in the form of their list, and what was found.

    `kind` is the annotated type, where the class of the value has no marks. Questions are not folded.
    """
    hint: Any = kind or type(value)
    visit, findings = _visitor_of(hint), list[Finding]()
    if visit is None:
        return value, findings
    return visit(value, path, Examination(reference, now, findings, folds)), findings


def marked(kind: Any) -> bool:
    """Whether values of the type have anything to examine."""
    return _visitor_of(kind) is not None


@cache
def _visitor_of(hint: Any) -> Visitor | None:
    return _visitor(hint, ())


def _visitor(hint: Any, marks: tuple[Any, ...]) -> Visitor | None:
    if get_origin(hint) is Annotated:
        base, *more = get_args(hint)
        return _visitor(base, (*marks, *more))
    if get_origin(hint) in (Union, UnionType):
        return _any_of([kind for kind in get_args(hint) if kind is not type(None)], marks)
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _of_struct(hint, _mark(marks, CodeOf))
    if get_origin(hint) in (list, tuple) and _mark(marks, Located) is None:
        return _of_items(hint, marks)
    if get_origin(hint) is dict:
        return _of_mapping(hint)
    return _of_scalar(hint, marks)


def _mark(marks: tuple[Any, ...], kind: type[T]) -> T | None:
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def _of_scalar(hint: Any, marks: tuple[Any, ...]) -> Visitor | None:
    coded, text = _mark(marks, CodeOf), _mark(marks, FoldedText)
    if _mark(marks, Located) is not None:
        return _check_position
    if hint is str and coded is not None:
        return _place if coded == PLACE else _code_of(coded.subjects)
    if hint is str and text is not None:
        return _fold_line if text.one_line else _fold_lines
    if hint is datetime:
        return _check_observed if _mark(marks, ObservedAt) is not None else _check_zone
    return _check_day if hint is date and _mark(marks, ObservedAt) is not None else None


def _any_of(kinds: list[Any], marks: tuple[Any, ...]) -> Visitor | None:
    """One type or nothing, or several structs, each of which its own class tells."""
    if len(kinds) == 1:
        visit = _visitor(kinds[0], marks)
        return visit and (lambda value, path, to: None if value is None else visit(value, path, to))
    visitors = {kind: _visitor(kind, marks) for kind in kinds if isinstance(kind, type)}

    def choose(value: Any, path: Path, to: Examination) -> Any:
        visit = visitors.get(type(value))
        return value if visit is None else visit(value, path, to)

    return choose if any(visitors.values()) else None


def _of_struct(kind: type[Struct], coded: CodeOf | None) -> Visitor | None:
    """A struct member by member; a coded value has the subject that its own member is marked with."""
    names = dict(zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True))
    visitors: dict[str, Visitor] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        inner = (coded,) if coded is not None and name == "code" else ()
        if name in names and (visit := _visitor(hint, inner)) is not None:
            visitors[name] = visit

    def each(value: Any, path: Path, to: Examination) -> Any:
        changed: dict[str, Any] = {}
        for name, visit in visitors.items():
            member = getattr(value, name)
            if member is None or member == ():
                continue
            seen = visit(member, (path, names[name], getattr(value, "scheme", None)), to)
            if seen is not member:
                changed[name] = seen
        return structs.replace(value, **changed) if changed else value

    return each if visitors else None


def _of_items(hint: Any, marks: tuple[Any, ...]) -> Visitor | None:
    arguments = [kind for kind in get_args(hint) if kind is not Ellipsis]
    visit = _visitor(arguments[0], marks) if len(set(arguments)) == 1 else None
    if visit is None:
        return None
    build = get_origin(hint)

    def each(value: Any, path: Path, to: Examination) -> Any:
        seen = [visit(item, (path, number), to) for number, item in enumerate(value)]
        same = all(new is old for new, old in zip(seen, value, strict=True))
        return value if same else build(seen)

    return each


def _of_mapping(hint: Any) -> Visitor | None:
    keys, values = (_visitor(kind, ()) for kind in get_args(hint))
    if keys is None and values is None:
        return None

    def each(value: Mapping[Any, Any], path: Path, to: Examination) -> Any:
        return {
            (key if keys is None else keys(key, (path, key), to)): (
                item if values is None else values(item, (path, key), to)
            )
            for key, item in value.items()
        }

    return each


def _fold_line(value: str, path: Path, to: Examination) -> str:
    return _fold(value, path, to, one_line=True)


def _fold_lines(value: str, path: Path, to: Examination) -> str:
    return _fold(value, path, to, one_line=False)


def _fold(value: str, path: Path, to: Examination, *, one_line: bool) -> str:
    text = folded(value, one_line=one_line)
    if text == value or not to.folds:
        return value
    if not text and one_line:
        to.add("empty_text", path, value)
        return value
    to.add("text_folded", path, value, text, original=value)
    return text


def _place(value: str, path: Path, to: Examination) -> str:
    territory = to.reference.territory
    place = territory.find(value)
    if place is None:
        near = territory.nearest(value)
        to.add("unknown_place", path, value, near and near.code, code=value, near=_near(near))
        return value
    if to.folds and place.ended_on is not None and place.ended_on <= to.now.date():
        to.add("place_ended", path, value, None, code=value, name=place.name, day=place.ended_on)
    elif place.code != value and to.folds:
        to.add("place_form", path, value, place.code, code=value, known=place.code)
    return place.code


def _code_of(subjects: tuple[str, ...]) -> Visitor:
    def check(value: str, path: Path, to: Examination) -> str:
        scheme, _, code = value.rpartition(":")
        beside = path[2] if len(path) == 3 else None
        known = to.reference.vocabularies
        if not known.knows(subjects, code, scheme or beside):
            near = known.nearest(subjects, code)
            words = SUBJECTS.get(subjects[0]) or Message(subjects[0], subjects[0])
            figures = {"subject_zh": words.zh, "subject_en": words.en, "near": _near(near)}
            to.add("unknown_code", path, value, near and near.code, code=code, **figures)
        return value

    return check


def _near(near: Nearest | None) -> Message:
    if near is None:
        return Message("", "")
    label = near.label or Name(near.code)
    return Message(
        f"，是否为 {near.code}（{label.zh or label.en}）？",
        f"; did you mean {near.code} ({label.en or label.zh})?",
    )


def _check_position(value: Any, path: Path, to: Examination) -> Any:
    if abs(value[0]) < NO_FIX_DEG and abs(value[1]) < NO_FIX_DEG:
        to.add("zero_position", path, list(value))
    return value


def _check_zone(value: datetime, path: Path, to: Examination) -> datetime:
    if value.tzinfo is None:
        to.add("no_time_zone", path, value.isoformat())
    return value


def _check_observed(value: datetime, path: Path, to: Examination) -> datetime:
    if value.tzinfo is None:
        to.add("no_time_zone", path, value.isoformat())
    elif value > to.now + MOST_AHEAD:
        to.add("clock_ahead", path, value.isoformat(), moment=_clock(value), now=_clock(to.now))
    elif value < EARLIEST:
        to.add("clock_too_old", path, value.isoformat(), moment=_clock(value))
    return value


def _clock(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _check_day(value: date, path: Path, to: Examination) -> date:
    latest = (to.now + timedelta(hours=14)).date()
    if value > latest:
        to.add("clock_ahead", path, value.isoformat(), moment=value, now=latest)
    elif value < EARLIEST.date():
        to.add("clock_too_old", path, value.isoformat(), moment=value)
    return value

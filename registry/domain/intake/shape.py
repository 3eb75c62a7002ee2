"""Read a JSON value into its type, and name every member that cannot be used instead of only the first."""

import re
from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import structs
from rapidfuzz import fuzz, process

from registry.domain.intake.finding import Finding, Message, finding
from registry.domain.intake.vocabulary import NEAR_PERCENT
from registry.domain.intake.wrong_value import explain

T = TypeVar("T")
Parts = list[str]
MOST_FAULTS = 50
AT = re.compile(r"^(?P<what>.*) - at `\$(?P<where>.*)`$", re.DOTALL)
UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
MISSING = re.compile(r"^Object missing required field `(?P<name>.*)`$", re.DOTALL)
STEPS = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
POSITIONS = "coordinates"
GEOJSON = ("Feature", "FeatureCollection")


class ReadValue(NamedTuple, Generic[T]):
    """The value as its type without the members that cannot be used, and a finding for each of those.

    `value` is None when what is left makes no value of the type.
    """

    value: T | None
    findings: list[Finding]
    left: "_Leftover"

    def as_came(self, found: Iterable[Finding]) -> list[Finding]:
        """Findings about the value with their pointers into what came."""
        return [
            one if one.field is None else structs.replace(one, field=self.left.pointer_before(one.field))
            for one in found
        ]


def read_members(value: Any, kind: type[T]) -> ReadValue[T]:
    """Read a JSON value as its type. Heights and the `bbox` of a Feature are left out."""
    left, findings = without_extras(value)
    leftover = _Leftover(left)
    for _ in range(MOST_FAULTS):
        try:
            return ReadValue(msgspec.convert(left, kind), findings, leftover)
        except msgspec.ValidationError as error:
            parts, fault = _fault(str(error), leftover, kind)
            if not _follows(fault, findings):
                findings.append(fault)
            if not leftover.remove(parts):
                break
    return ReadValue(None, findings, leftover)


def _follows(fault: Finding, findings: list[Finding]) -> bool:
    """Whether a fault only follows from a member that was taken out before."""
    removed = {one.field for one in findings if one.severity == "refuse"}
    return fault.code == "missing_member" and fault.field in removed


def without_extras(value: Any) -> tuple[Any, list[Finding]]:
    """A copy of a JSON value without the heights of positions and the `bbox` of GeoJSON objects."""
    left, findings = deepcopy(value), list[Finding]()
    _strip(left, "", findings)
    return left, findings


def _strip(value: Any, path: str, findings: list[Finding]) -> None:
    if isinstance(value, list):
        for number, item in enumerate(value):
            _strip(item, f"{path}/{number}", findings)
    if not isinstance(value, dict):
        return
    if "bbox" in value and (POSITIONS in value or value.get("type") in GEOJSON):
        findings.append(finding("bbox_dropped", f"{path}/bbox", value.pop("bbox")))
    for name, member in value.items():
        if name != POSITIONS:
            _strip(member, f"{path}/{name}", findings)
        elif _drop_heights(member):
            findings.append(finding("height_dropped", f"{path}/{name}"))


def _drop_heights(positions: Any) -> bool:
    """Shorten each position to two numbers; whether any was longer."""
    if not isinstance(positions, list) or not positions:
        return False
    if isinstance(positions[0], list):
        return sum(map(_drop_heights, positions)) > 0
    longer = len(positions) > 2 and all(isinstance(part, int | float) for part in positions)
    if longer:
        del positions[2:]
    return longer


class _Leftover:
    """What is left of a value while its faulty members are taken out, and where each item of a list was."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._origins: dict[int, list[int]] = {}

    def get(self, parts: Parts) -> Any:
        """The member at these parts, None when there is none."""
        value = self.value
        for part in parts:
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, TypeError, ValueError):
                return None
        return value

    def pointer(self, parts: Parts) -> str:
        """The JSON pointer of these parts into the value as it came."""
        pointed, value = "", self.value
        for part in parts:
            origins = self._origins.get(id(value)) if isinstance(value, list) else None
            moved = origins is not None and part.isdigit() and int(part) < len(origins)
            shown = str(origins[int(part)]) if origins is not None and moved else part
            pointed += "/" + shown.replace("~", "~0").replace("/", "~1")
            value = self.get_in(value, part)
        return pointed

    def pointer_before(self, pointer: str) -> str:
        """The pointer into the value as it came, of one into what is left."""
        if not self._origins:
            return pointer
        return self.pointer([part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]])

    @staticmethod
    def get_in(value: Any, part: str) -> Any:
        """The member of a value, None when there is none."""
        if isinstance(value, list):
            return value[int(part)] if part.isdigit() and int(part) < len(value) else None
        return value.get(part) if isinstance(value, dict) else None

    def remove(self, parts: Parts) -> bool:
        """Take a member out; whether there was one."""
        if not parts:
            return False
        holder, last = self.get(parts[:-1]), parts[-1]
        if isinstance(holder, dict) and last in holder:
            del holder[last]
            return True
        if isinstance(holder, list) and last.isdigit() and int(last) < len(holder):
            origins = self._origins.setdefault(id(holder), list(range(len(holder))))
            del holder[int(last)], origins[int(last)]
            return True
        return False


def _fault(text: str, left: _Leftover, kind: Any) -> tuple[Parts, Finding]:
    """What to take out of the value, and the finding, for an error of the decoder."""
    match = AT.match(text)
    what, where = (match["what"], match["where"]) if match else (text, "")
    parts = [name or index for name, index in STEPS.findall(where)]
    if (unknown := UNKNOWN.match(what)) is not None:
        name = unknown["name"]
        at, near = [*parts, name], _nearest_member(name, kind)
        return at, finding(
            "unknown_member", left.pointer(at), left.get(at), near, name=name, near=_near(near)
        )
    if (missing := MISSING.match(what)) is not None:
        at = [*parts, missing["name"]]
        return parts, finding("missing_member", left.pointer(at), name=missing["name"])
    if POSITIONS in parts:
        return _fault_of_positions(parts, left, what)
    came = left.get(parts)
    wrong = explain(what, kind, parts, came)
    return parts, finding("wrong_value", left.pointer(parts), came, wrong.proposal, reason=wrong.reason)


def _fault_of_positions(parts: Parts, left: _Leftover, what: str) -> tuple[Parts, Finding]:
    """Coordinates are taken out with their geometry; a latitude above 90 is likely a longitude."""
    at = parts[: parts.index(POSITIONS) + 1]
    came = left.get(at)
    is_pair = isinstance(came, list) and len(came) == 2 and all(isinstance(v, int | float) for v in came)
    swapped = came[::-1] if is_pair and abs(came[0]) <= 90 < abs(came[1]) <= 180 else None
    return at[:-1] or at, finding(
        "wrong_value", left.pointer(parts), came, swapped, reason=explain(what).reason
    )


def _near(name: str | None) -> Message:
    return Message("", "") if name is None else Message(f"，是否为 {name}？", f"; did you mean {name}?")


def _nearest_member(name: str, kind: Any) -> str | None:
    best = process.extractOne(name, member_names(kind) - {name}, scorer=fuzz.ratio, score_cutoff=NEAR_PERCENT)
    return None if best is None else str(best[0])


@cache
def member_names(kind: Any) -> frozenset[str]:
    """The names of all members of a type and of the types inside it."""
    names: set[str] = set()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        names |= set(kind.__struct_encode_fields__)
        for hint in get_type_hints(kind).values():
            names |= member_names(hint)
    for inner in get_args(kind):
        names |= member_names(inner) if not isinstance(inner, str) else set()
    return frozenset(names)

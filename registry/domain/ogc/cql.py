"""CQL2 filters (OGC 21-065): bounded, checked against a collection, split into shape and values.

The shape is a tree of tuples without literals, which keys the cache of statements; `("value", type, n)` is
the n-th value. Every operator that is not listed here is refused.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import cql2
import msgspec
from rapidfuzz import fuzz, process

from registry.domain.conditions import has_trigram
from registry.domain.errors import InvalidQuery, UnknownCode
from registry.domain.intake.vocabulary import NEAR_PERCENT
from registry.domain.ogc import literals
from registry.domain.ogc.catalogue import Collection, Property
from registry.domain.ogc.literals import fault
from registry.domain.search_key import folded_for_search, folded_pattern

CACHED_TREES = 200
"""Parsed trees in the cache: clients repeat one filter for every page and window."""
MAX_TEXT = 4_000
MAX_DEPTH = 24
MAX_NODES = 400
MAX_VERTICES = 5_000
MAX_LIST = 500
MAX_NOTS = 50

EQUALITY = ("=", "<>")
COMPARISONS = ("=", "<>", "<", ">", "<=", ">=")
ARITHMETIC = ("+", "-", "*", "/", "%", "div", "^")
SPATIAL = ("intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains")
TEMPORAL = (
    *("after", "before", "contains", "disjoint", "during", "equals", "finishedby", "finishes"),
    *("intersects", "meets", "metby", "overlappedby", "overlaps", "startedby", "starts"),
)
ARRAYS = ("equals", "contains", "containedby", "overlaps")
GEOMETRY = "geometry"
NAMES = ("name_zh", "name_en")

FilterShape = tuple[Any, ...]
_SCALARS = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "date": "instant",
    "date-time": "instant",
}


class CodedValue(msgspec.Struct, frozen=True):
    """Which value of a filter is a code, or a list of codes, and of what."""

    index: int
    subjects: tuple[str, ...]


class CqlFilter(msgspec.Struct, frozen=True):
    """A checked filter: its shape, the values that fill it, and which of them are codes."""

    shape: FilterShape
    values: tuple[Any, ...]
    coded: tuple[CodedValue, ...] = ()


@lru_cache(CACHED_TREES)
def parse_text(text: str) -> Any:
    """The JSON tree of a CQL2 text, which callers must not change; InvalidQuery for any other text."""
    _bounded(text)
    return _parsed(cql2.parse_text, text)


def parse_json(text: str) -> Any:
    """The JSON tree of a CQL2 JSON text, checked by the same rules."""
    if len(text) > MAX_TEXT:
        raise fault(f"the filter is longer than {MAX_TEXT} characters")
    return _parsed(cql2.parse_json, text)


def _parsed(parser: Any, text: str) -> Any:
    try:
        return parser(text).to_json()
    except Exception as error:  # the parser's errors share no base class; an empty point raises Exception
        raise fault(f"the filter cannot be read: {str(error)[:300]}") from error


def _bounded(text: str) -> None:
    """Refuse a text that would make the parser recurse too deeply; it has no limit of its own."""
    if len(text) > MAX_TEXT:
        raise fault(f"the filter is longer than {MAX_TEXT} characters")
    bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", "", text)
    depth = deepest = 0
    for character in bare:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise fault(f"the filter is nested deeper than {MAX_DEPTH} levels")
    if len(re.findall(r"\bnot\b", bare, re.IGNORECASE)) > MAX_NOTS or re.search(r"(?:[\^\-+]\s*){4}", bare):
        raise fault("the filter repeats an operator without end")


def parse(tree: Any, collection: Collection) -> CqlFilter:
    """The checked filter of one JSON tree."""
    return FilterBuilder(collection).add(tree).build()


class FilterBuilder:
    """Collects conditions that must all hold, and their values in the order in which the shape names them."""

    def __init__(self, collection: Collection) -> None:
        self.values: list[Any] = []
        self._coded: list[CodedValue] = []
        self.shapes: list[FilterShape] = []
        self._properties = collection.by_name
        self._has_geometry = collection.is_drawn
        self._nodes = 0

    def add(self, tree: Any) -> "FilterBuilder":
        """Add the condition of a JSON tree."""
        self.shapes.append(self.boolean(tree, 0))
        return self

    def add_extension(self, operator: str, kind: str, *values: Any) -> None:
        """Add a condition that CQL2 has no operator for: a window, a part of a name, all under a place."""
        self.shapes.append((operator, *(self._value(kind, value) for value in values)))

    def add_name(self, operator: str, pattern: str, grams: list[int]) -> None:
        """Add the condition that a search key matches a pattern, which has these grams."""
        self.shapes.append((operator, self._value("string", pattern), self._value("grams", grams)))

    def build(self) -> CqlFilter:
        """The filter of all conditions that were added."""
        shape = self.shapes[0] if len(self.shapes) == 1 else ("and", tuple(self.shapes))
        return CqlFilter(shape, tuple(self.values), tuple(self._coded))

    def boolean(self, node: Any, depth: int) -> FilterShape:
        """The shape of a boolean node."""
        self._count(depth)
        if isinstance(node, bool):
            return ("true",) if node else ("false",)
        operator, args = _operation(node)
        if operator in ("and", "or"):
            return (operator, tuple(self.boolean(arg, depth + 1) for arg in args))
        if operator == "not":
            return ("not", *(self.boolean(arg, depth + 1) for arg in _few(operator, args, 1)))
        for prefix, names, read in (
            ("s_", SPATIAL, self._spatial),
            ("t_", TEMPORAL, self._temporal),
            ("a_", ARRAYS, self._array),
        ):
            if operator.startswith(prefix) and operator[2:] in names:
                return read(operator, _few(operator, args, 2), depth)
        if operator == "within_m":
            return self._within(_few(operator, args, 3), depth)
        return self._comparison(operator, args, depth)

    def _comparison(self, operator: str, args: list[Any], depth: int) -> FilterShape:
        if operator == "isnull" and len(args) == 1:
            return ("isnull", self._any_property(args[0]))
        if operator in COMPARISONS:
            compared = self._alike(_few(operator, args, 2), depth)
            return ("compare", operator, *(self._known(compared) if operator in EQUALITY else compared))
        if operator == "like":
            return self._like(_few(operator, args, 2), depth)
        if operator == "between" and len(args) == 3:
            return ("between", *self._alike(args, depth))
        if operator == "in" and len(args) == 2 and isinstance(args[1], list):
            if len(args[1]) > MAX_LIST:
                raise fault(f"a list has more than {MAX_LIST} members")
            return self._membership(args[0], args[1], depth)
        raise _unknown(operator)

    def _like(self, args: list[Any], depth: int) -> FilterShape:
        text, pattern = self._alike(args, depth, only="string", fold=folded_pattern)
        if text[0] == "folded" and pattern[0] == "value":
            return ("folded_like", text, pattern, has_trigram(self.values[pattern[2]]))
        brief = isinstance(args[1], str) and not has_trigram(args[1])
        return ("like", ("read", text) if brief else text, pattern)

    def _membership(self, node: Any, members: list[Any], depth: int) -> FilterShape:
        """Bind plain members as one array, so that lists of any length share a statement."""
        if _is_folded_name(node):
            return ("in", *self._alike([node, *members], depth))
        for kind, plain in (("string", str), ("number", int | float)):
            if members and all(isinstance(item, plain) and not isinstance(item, bool) for item in members):
                actual, shape = self._scalar(node, depth + 1)
                if actual != kind:
                    raise fault(f"{actual} and {kind} cannot be compared like that")
                return ("member", *self._known([shape, self._value(f"{kind}s", list(members))]))
        return ("in", *self._known(self._alike([node, *members], depth)))

    def _alike(
        self,
        nodes: list[Any],
        depth: int,
        only: str | None = None,
        fold: Callable[[str], str] = folded_for_search,
    ) -> list[FilterShape]:
        """The shapes of scalar nodes, which must have one type. CASEI of a name folds as search does."""
        if _is_folded_name(nodes[0]) and all(_small_text(node) is not None for node in nodes[1:]):
            values = [self._value("string", fold(_small_text(node) or "")) for node in nodes[1:]]
            return [("folded", nodes[0]["args"][0]["property"]), *values]
        typed = [self._scalar(node, depth + 1) for node in nodes]
        kinds = {kind for kind, _ in typed}
        if len(kinds) != 1 or (only and kinds != {only}):
            raise fault(f"{' and '.join(sorted(kinds))} cannot be compared like that")
        return [shape for _, shape in typed]

    def _scalar(self, node: Any, depth: int) -> tuple[str, FilterShape]:
        self._count(depth)
        if isinstance(node, str):
            return "string", self._value("string", node)
        if isinstance(node, int | float) and not isinstance(node, bool):
            return "number", self._value("number", float(node))
        if isinstance(node, dict):
            if "property" in node:
                return self._property(node)
            if "timestamp" in node or "date" in node:
                return "instant", self._value("instant", literals.moment(node))
            if "op" in node:
                return self._function(node, depth)
        raise fault(f"{str(node)[:80]} is not a value that can be compared")

    def _within(self, args: list[Any], depth: int) -> FilterShape:
        """Whether the geometry lies within metres of another, the bound included."""
        (metres,) = self._alike(args[2:], depth, only="number")
        return ("within_m", *self._spots("within_m", args[:2]), metres)

    def _spots(self, operator: str, args: list[Any]) -> tuple[FilterShape, FilterShape]:
        """The geometry of the feature and the literal that it is measured from."""
        if self._is_geometry(args[1]):
            args = args[::-1]
        if not self._is_geometry(args[0]) or self._is_geometry(args[1]):
            raise fault(f"{operator} takes the property geometry and a geometry such as POINT(106.6 29.0)")
        return (GEOMETRY,), self._shape(args[1])

    def _function(self, node: Any, depth: int) -> tuple[str, FilterShape]:
        operator, args = _operation(node)
        if operator in ("casei", "accenti") and len(args) == 1:
            return "string", (operator, *self._alike(args, depth, only="string"))
        if operator == "distance_m":
            return "number", ("distance_m", *self._spots(operator, _few(operator, args, 2)))
        if operator in ARITHMETIC and len(args) == 2:
            return "number", ("arithmetic", operator, *self._alike(args, depth, only="number"))
        raise _unknown(operator)

    def _property(self, node: Any) -> tuple[str, FilterShape]:
        item = self._queryable(node)
        if not item.is_scalar:
            raise fault(f"{item.name} is a list: use A_CONTAINS, A_OVERLAPS, A_EQUALS or A_CONTAINEDBY")
        return _SCALARS[item.type], ("property", item.name)

    def _queryable(self, node: Any) -> Property:
        name = node.get("property") if isinstance(node, dict) else None
        item = self._properties.get(str(name))
        if item is None:
            raise fault(f"{name} cannot be asked about here; known: {', '.join(self._properties)}")
        return item

    def _any_property(self, node: Any) -> FilterShape:
        return (GEOMETRY,) if self._is_geometry(node) else ("property", self._queryable(node).name)

    def _is_geometry(self, node: Any) -> bool:
        return self._has_geometry and node == {"property": GEOMETRY}

    def _spatial(self, operator: str, args: list[Any], _: int) -> FilterShape:
        if operator not in ("s_intersects", "s_disjoint"):
            args = [literals.alike(arg) for arg in args]
        return (operator, *(self._shape(arg) for arg in args))

    def _shape(self, node: Any) -> FilterShape:
        if self._is_geometry(node):
            return (GEOMETRY,)
        if isinstance(node, dict) and "bbox" in node:
            node = literals.box(node["bbox"])
        text = msgspec.json.encode(node)
        if text.count(b"[") > MAX_VERTICES:
            raise fault(f"a geometry has more than {MAX_VERTICES} positions")
        return self._value("geometry", literals.shape(text))

    def _temporal(self, operator: str, args: list[Any], depth: int) -> FilterShape:
        return (operator, *(self._period(arg, depth + 1) for arg in args))

    def _period(self, node: Any, depth: int) -> FilterShape:
        if isinstance(node, dict) and "interval" in node:
            ends = node["interval"]
            if not isinstance(ends, list) or len(ends) != 2:
                raise fault("an interval has two ends")
            return ("interval", self._end(ends[0], depth, False), self._end(ends[1], depth, True))
        kind, shape = self._scalar(node, depth)
        if kind != "instant":
            raise fault("a temporal operator takes instants and intervals")
        return ("interval", shape, shape)

    def _end(self, node: Any, depth: int, last: bool) -> FilterShape:
        if node == "..":
            return ("infinity",) if last else ("-infinity",)
        if isinstance(node, str):
            return self._value("instant", literals.instant(node, last))
        kind, shape = self._scalar(node, depth)
        if kind != "instant":
            raise fault("the ends of an interval are instants")
        return ("coalesce", shape, ("infinity",) if last else ("-infinity",))

    def _array(self, operator: str, args: list[Any], _: int) -> FilterShape:
        return (operator, *self._known([self._strings(arg) for arg in args]))

    def _known(self, shapes: list[FilterShape]) -> list[FilterShape]:
        """The shapes of values compared with a property; UnknownCode for a value that it never has."""
        named = [self._properties[shape[1]] for shape in shapes if shape[0] == "property"]
        for item in named[:1]:
            for index in (shape[2] for shape in shapes if shape[0] == "value"):
                value = self.values[index]
                for text in value if isinstance(value, list) else [value]:
                    check_value(item, str(text), "filter")
                if item.subjects:
                    self._coded.append(CodedValue(index, item.subjects))
        return shapes

    def _strings(self, node: Any) -> FilterShape:
        if isinstance(node, list):
            if len(node) > MAX_LIST or not all(isinstance(item, str) for item in node):
                raise fault(f"a list has at most {MAX_LIST} members, all text")
            return self._value("strings", node)
        item = self._queryable(node)
        if item.is_scalar:
            raise fault(f"{item.name} is not a list")
        return ("property", item.name)

    def _value(self, kind: str, value: Any) -> FilterShape:
        self.values.append(value)
        return ("value", kind, len(self.values) - 1)

    def _count(self, depth: int) -> None:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise fault(f"the filter has more than {MAX_DEPTH} levels or {MAX_NODES} parts")


def check_value(item: Property, text: str, field: str) -> None:
    """UnknownCode, with the nearest, for a text that is none of the values of a property."""
    if not item.values or text in item.values:
        return
    near = process.extractOne(text, item.values, scorer=fuzz.ratio, score_cutoff=NEAR_PERCENT)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise UnknownCode(
        f"{item.name} is one of {', '.join(item.values)}{meant}",
        field=field,
        proposal=near and near[0],
        zh=f"{item.name} 的取值为 {', '.join(item.values)}" + (f"，是否为 {near[0]}？" if near else ""),
    )


def _is_folded_name(node: Any) -> bool:
    """Whether a node is CASEI of a name."""
    inner = _of_casei(node)
    return isinstance(inner, dict) and inner.get("property") in NAMES


def _small_text(node: Any) -> str | None:
    """The text of a literal in small letters, or of CASEI of a literal; None for any other node."""
    inner = _of_casei(node)
    if isinstance(inner, str):
        return inner
    return node if isinstance(node, str) and node == node.lower() else None


def _of_casei(node: Any) -> Any:
    is_casei = isinstance(node, dict) and str(node.get("op")).lower() == "casei"
    args = node.get("args") if is_casei else None
    return args[0] if isinstance(args, list) and len(args) == 1 else None


def _operation(node: Any) -> tuple[str, list[Any]]:
    if not isinstance(node, dict) or not isinstance(node.get("args"), list):
        raise fault(f"{str(node)[:80]} is not a condition")
    return str(node.get("op")).lower(), node["args"]


def _few(operator: str, args: list[Any], count: int) -> list[Any]:
    if len(args) != count:
        raise fault(f"{operator} takes {count} operand{'s' if count > 1 else ''}")
    return args


def _unknown(operator: str) -> InvalidQuery:
    return fault(f"{operator} is not offered here, or not with these operands")

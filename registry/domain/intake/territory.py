"""The known places: their codes in every form, what holds a point, and how far a point is outside a place."""

import math
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import numpy as np
import shapely
from msgspec import Struct
from pyproj import Geod
from rapidfuzz import fuzz, process

from registry.domain.geojson import Point
from registry.domain.intake.fold import comparable
from registry.domain.intake.vocabulary import NEAR_PERCENT, Nearest
from registry.domain.values import Name

GEOD = Geod(ellps="WGS84")
OFFICIAL_DIGITS = (2, 4, 6, 9, 12)
"""Lengths of the official codes of a Chinese place: each is the longer one without its last zeros."""
ENDINGS = ("街道", "镇", "乡", "区", "县", "市")
SURVEYED = ("boundary", "members")
AREA_LEVELS = ("management_area",)
"""Levels of named sets of places: they hold a point only because their members do."""
ASSUMED_BORDER_M = 1_000.0
"""Error of an assumed border: it is drawn between town seats, which are known to a kilometre."""
METRES_PER_DEGREE = 111_195.0


class KnownPlace(Struct, frozen=True):
    """A place as the gate needs it; `extent` is WKB, `basis` says what it was drawn from."""

    code: str
    level: str
    name: Name
    parent: str | None = None
    basis: str = "none"
    bounded_by: str | None = None
    """The place whose extent bounds this one: itself or one above it."""
    ended_on: date | None = None
    extent: bytes | None = None

    @property
    def is_surveyed(self) -> bool:
        """Whether its extent is a border, and not an assumption."""
        return self.basis in SURVEYED


class Territory:
    """The known places. Without any, no code of a place is known and no point can be compared."""

    def __init__(self, places: Iterable[KnownPlace]) -> None:
        self._by_code = {place.code: place for place in places}
        self._by_form = {_form(code): code for code in self._by_code}
        drawn = [place for place in self._by_code.values() if place.extent is not None]
        self._drawn = drawn
        self._shapes = shapely.from_wkb([place.extent for place in drawn])
        self._shape_of = {place.code: shape for place, shape in zip(drawn, self._shapes, strict=True)}
        self._areas = shapely.area(self._shapes)
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)

    def __len__(self) -> int:
        return len(self._by_code)

    @property
    def has_extents(self) -> bool:
        """Whether any place has an extent that a point can be compared with."""
        return bool(self._drawn)

    def find(self, code: str) -> KnownPlace | None:
        """The place of a code in any of its forms: 500110, 500110000 and 500110000000 are one."""
        place = self._by_code.get(code)
        return place if place is not None else self._by_code.get(self._by_form.get(_form(code), ""))

    def named(self, text: str) -> list[KnownPlace]:
        """The places in force whose name, with or without its ending, is this text."""
        wanted = comparable(text)
        return [
            place
            for place in self._by_code.values()
            if place.ended_on is None and any(comparable(name) == wanted for name in _names(place.name))
        ]

    def above(self, code: str) -> Iterator[KnownPlace]:
        """The place and those above it, the smallest first."""
        place = self._by_code.get(code)
        for _ in range(20):
            if place is None:
                return
            yield place
            place = self._by_code.get(place.parent or "")

    def parts_of(self, code: str) -> list[KnownPlace]:
        """The places of today right under a place, by their codes; the place itself where there are none."""
        today = (place for place in self._by_code.values() if place.ended_on is None)
        parts = [place for place in today if place.parent == code and place.level not in AREA_LEVELS]
        return sorted(parts, key=lambda one: one.code) or [self._by_code[code]]

    def nearest(self, text: str) -> Nearest | None:
        """The place that a text may mean: the smallest that its digits begin with, or the most alike."""
        if text.isdigit():
            shorter = (self.find(text[:digits]) for digits in (9, 6) if digits < len(text))
            held = next((place for place in shorter if place is not None), None)
            return None if held is None else Nearest(held.code, held.name)
        words = {
            word: place
            for place in self._by_code.values()
            for word in (*_names(place.name), place.code)
            if not word.isdigit()
        }
        best = process.extractOne(text, words.keys(), scorer=fuzz.ratio, score_cutoff=NEAR_PERCENT)
        return None if best is None else Nearest(words[best[0]].code, words[best[0]].name)

    def holding(self, lon: float, lat: float, uncertainty_m: float = 0.0) -> list[KnownPlace]:
        """The places that hold the point wherever it is within its uncertainty, the smallest first."""
        if not self._drawn:
            return []
        near = self._tree.query(shapely.Point(lon, lat))
        if uncertainty_m > 0:
            held = list(near[shapely.covers(self._shapes[near], _disc(lon, lat, uncertainty_m))])
        else:
            held = list(near[shapely.intersects_xy(self._shapes[near], lon, lat)])
        held.sort(key=lambda index: (self._areas[index], self._drawn[index].code))
        return [self._drawn[index] for index in held if self._drawn[index].level not in AREA_LEVELS]

    def outside_m(self, place: KnownPlace, lon: float, lat: float) -> float | None:
        """Metres from the point to the extent of the place, 0 inside; None without an extent."""
        shape = self._shape_of.get(place.code)
        if shape is None:
            shape = self._shape_of.get(place.bounded_by or "")
        return None if shape is None else _away_m(shape, lon, lat)

    def is_outside_all(self, codes: Iterable[str], point: Point, doubt_m: float) -> bool:
        """Whether a point lies outside all of these places, for certain; not where one has no extent."""
        places = [self.find(code) for code in codes]
        away = [
            (self.outside_m(place, *point.coordinates), 0.0 if place.is_surveyed else ASSUMED_BORDER_M)
            for place in places
            if place is not None
        ]
        if len(away) < len(places):
            return False
        return all(away_m is not None and away_m > doubt_m + border_m for away_m, border_m in away)

    def bound_of(self, place: KnownPlace) -> KnownPlace | None:
        """The place whose extent bounds this one."""
        return place if place.extent is not None else self._by_code.get(place.bounded_by or "")

    def closest(self, lon: float, lat: float) -> tuple[KnownPlace, float]:
        """The place that is nearest to a point outside all places, and how far it is in metres."""
        index = int(self._tree.nearest(shapely.Point(lon, lat)))
        return self._drawn[index], _away_m(self._shapes[index], lon, lat)

    def names_above(self, code: str | None) -> list[str]:
        """The names of the place and those above it as names are compared, the longest first."""
        names = {comparable(name) for place in self.above(code or "") for name in _names(place.name)}
        return sorted(
            names | {short for name in names if len(short := _short(name)) > 1}, key=len, reverse=True
        )


def _names(name: Name) -> list[str]:
    return [word for word in (name.zh, name.en) if word]


def _short(name: str) -> str:
    """永新 for 永新镇, as people say it."""
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), "")
    return name.removesuffix(ending)


def _form(code: str) -> str:
    """What the forms of one code have in common."""
    official = code.isdigit() and len(code) in OFFICIAL_DIGITS
    return code.ljust(12, "0") if official else code.casefold()


def forms_of(code: str) -> list[str]:
    """Every form of a code: an official one with fewer or more of its last zeros."""
    whole = _form(code)
    if not code.isdigit() or len(whole) != 12:
        return [code]
    return [code, *(whole[:n] for n in OFFICIAL_DIGITS if not whole[n:].strip("0") and whole[:n] != code)]


def _disc(lon: float, lat: float, radius_m: float) -> Any:
    wide = 1 / max(0.01, math.cos(math.radians(lat)))
    turns = np.linspace(0, 2 * math.pi, 32, endpoint=False)
    reach = radius_m / METRES_PER_DEGREE
    return shapely.Polygon(np.column_stack([lon + reach * wide * np.cos(turns), lat + reach * np.sin(turns)]))


def _away_m(shape: Any, lon: float, lat: float) -> float:
    """Geodesic metres to the point of the shape that is nearest in the plane of the point's latitude."""
    if shapely.intersects_xy(shape, lon, lat):
        return 0.0
    narrow = max(0.01, math.cos(math.radians(lat)))
    flat = shapely.transform(shape, lambda at: at * [narrow, 1.0])
    line = shapely.shortest_line(flat, shapely.Point(lon * narrow, lat))
    x, y = shapely.get_coordinates(line)[0]
    return float(GEOD.inv(x / narrow, y, lon, lat)[2])

"""Read days as people write them; what has two readings is asked, never guessed."""

import re
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct

from registry.domain.intake.files.sheet import Cell
from registry.domain.intake.files.text import is_one_of, one_line
from registry.domain.intake.files.values.amounts import UNKNOWN, Unreadable

Precision = Literal["day", "month", "year"]
FIRST_SERIAL, LAST_SERIAL = 18_264, 73_050
"""The serial numbers of 1950 and 2099: other numbers in a column of dates are none."""
EPOCH = date(1899, 12, 30)
ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925, "民國": 1911, "民国": 1911}
YMD = re.compile(
    r"^(\d{4})(?:年|-|/|\.)(\d{1,2})(?:月|-|/|\.)(\d{1,2})(?:日|号|號)?(?: ?\d{1,2}:\d{2}(?::\d{2})?)?$"
)
YM = re.compile(r"^(\d{4})(?:年|-|/|\.)(\d{1,2})月?$")
Y = re.compile(r"^(\d{4})年?$")
COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
ERA = re.compile(
    r"^(令和|平成|昭和|民國|民国|[RHS])\.?(元|\d{1,3})(?:年|-|/|\.)(\d{1,2})(?:月|-|/|\.)(\d{1,2})日?$"
)
SHORT_YEAR = re.compile(r"^(\d{2,3})(?:年|-|/|\.)(\d{1,2})(?:月|-|/|\.)(\d{1,2})日?$")
DMY = re.compile(r"^(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})$")
SERIAL = re.compile(r"^\d{5}$")


class Day(Struct, frozen=True):
    """A day, or the first day of a month or year; `serial` when a spreadsheet's number was taken for it."""

    first: date
    precision: Precision = "day"
    serial: bool = False

    def __str__(self) -> str:
        return self.first.isoformat()[: {"day": 10, "month": 7, "year": 4}[self.precision]]


class Ambiguous(ValueError):
    """The text has several readings; `reading` is the likely one."""

    def __init__(self, reading: Day, reason: str) -> None:
        super().__init__(reason)
        self.reading = reading


def day(cell: Cell) -> Day | None:
    """The day of a cell; None where it is stated as unknown.

    Ambiguous where a year may be of the Republic of China, or October was cut to January; else Unreadable.
    """
    if isinstance(cell, datetime):
        return Day(cell.date())
    if isinstance(cell, date):
        return Day(cell)
    if isinstance(cell, bool):
        raise Unreadable("not a date")
    if isinstance(cell, int | float):
        return _of_number(float(cell))
    text = one_line(cell or "").replace(" 00:00:00", "")
    if not text or is_one_of(text, UNKNOWN):
        return None
    return _of_text(text)


def _of_number(number: float) -> Day:
    whole = int(number)
    if FIRST_SERIAL <= number <= LAST_SERIAL:
        return Day(EPOCH + timedelta(days=whole), "day", serial=True)
    if number == whole:
        return _of_text(str(whole))
    month = round((number - whole) * 100) if round((number - whole) * 100) <= 12 else 0
    tenth = round((number - whole) * 10, 6)
    if 1950 <= whole <= 2099 and tenth == int(tenth):
        reading = Day(_date(whole, int(tenth), 1), "month")
        if tenth == 1:
            raise Ambiguous(reading, "the number 1 after the point may be January or October")
        return reading
    if 1950 <= whole <= 2099 and month:
        return Day(_date(whole, month, 1), "month")
    raise Unreadable("not a date")


def _of_text(text: str) -> Day:
    if match := YMD.match(text) or COMPACT.match(text):
        return Day(_date(*(int(part) for part in match.groups()[:3])))
    if match := YM.match(text):
        return Day(_date(int(match[1]), int(match[2]), 1), "month")
    if match := Y.match(text):
        return Day(_date(int(match[1]), 1, 1), "year")
    if match := ERA.match(text):
        year = ERAS[match[1]] + (1 if match[2] == "元" else int(match[2]))
        return Day(_date(year, int(match[3]), int(match[4])))
    if SERIAL.match(text) and FIRST_SERIAL <= int(text) <= LAST_SERIAL:
        return Day(EPOCH + timedelta(days=int(text)), "day", serial=True)
    if match := SHORT_YEAR.match(text):
        years, month, number = (int(part) for part in match.groups())
        if years >= 100:
            raise Ambiguous(Day(_date(1911 + years, month, number)), "a year of the Republic of China?")
        raise Unreadable("a year of two digits")
    if match := DMY.match(text):
        return _day_first(int(match[1]), int(match[2]), int(match[3]))
    raise Unreadable("not a date")


def _day_first(one: int, other: int, year: int) -> Day:
    if one > 12 and other <= 12:
        return Day(_date(year, other, one))
    if other > 12 and one <= 12:
        return Day(_date(year, one, other))
    raise Unreadable("day and month cannot be told apart")


def _date(year: int, month: int, number: int) -> date:
    try:
        found = date(year, month, number)
    except ValueError as error:
        raise Unreadable("there is no such day") from error
    if not 1900 <= year <= 2100:
        raise Unreadable("not a year of ours")
    return found

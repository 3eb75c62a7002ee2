"""Words for codes: `避难场所` for `shelter`, `开放` for `open`, in the options of commands."""

import json
from typing import Any

import click

from registry.domain.intake.files.header_words import CODED_WORDS, LABELS

KINDS = {
    "rescue_team": "救援队伍|救援队|队伍",
    "shelter": "避难场所|避难所|应急避难场所",
    "fire_watch_point": "火情监测点|监测点|瞭望塔",
    "supply_depot": "物资储备库|储备库|仓库",
}
CODED = {"specialties": "specialty", "hazards": "hazard", "amenities": "amenity"}
LABELLED = {"level": ("shelter_level", "team_level"), "form": ("form", "watch_form")}


class KindType(click.ParamType[str]):
    """A kind by its code or by its name."""

    name = "kind"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> str:
        """The code; a usage error lists all."""
        code = _code(str(value), KINDS)
        if code is None:
            listed = ", ".join(f"{kind} {words.partition('|')[0]}" for kind, words in KINDS.items())
            self.fail(f"{value} is none of {listed}", param, context)
        return code


def _code(text: str, words: dict[str, str]) -> str | None:
    if text in words:
        return text
    return next((code for code, listed in words.items() if text in listed.split("|")), None)


def member(text: str) -> tuple[str, Any]:
    """`name=value` as a member of a record, codes by their words; a usage error without `=`."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.UsageError(f"write NAME=VALUE, not {text}")
    name = name.strip()
    if name in CODED:
        words = CODED_WORDS.get(CODED[name], {})
        return name, [{"code": _code(one, words) or one} for one in value.split(",") if one]
    for field in LABELLED.get(name, (name,)):
        if field in LABELS and (code := _code(value, LABELS[field])) is not None:
            return name, code
    return name, _json(value)


def members(texts: tuple[str, ...]) -> dict[str, Any]:
    """All members that are stated."""
    return dict(member(text) for text in texts)


def _json(text: str) -> Any:
    """A number, true, false, null or structure as such, and anything else as the text that it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text

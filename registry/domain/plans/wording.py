"""The labels of plan answers in Chinese and English, and the choice of a language."""

from typing import Any, Literal

from registry.domain.plans.provision import UNITS, Requirement, Words
from registry.domain.values import Name

Lang = Literal["zh", "en"]

VERDICTS = {
    "met": Words("达到", "met"),
    "not_met": Words("未达到", "not met"),
    "unknown": Words("不确定", "unknown"),
    "cannot_evaluate": Words("无法评估", "cannot be evaluated"),
    "allowed": Words("允许", "allowed"),
    "forbidden": Words("禁止", "forbidden"),
    "needs_review": Words("需会商", "needs review"),
    "not_in_force": Words("此地无适用规则", "no rule in force here"),
}
SPECIALTIES = {
    "mine": Words("矿山", "mine rescue"),
    "hazmat": Words("危险化学品", "hazardous chemicals"),
    "water": Words("水上救援", "water rescue"),
    "bridge_tunnel": Words("桥梁隧道", "bridge and tunnel"),
    "pipeline": Words("油气管线", "oil and gas pipeline"),
    "geohazard": Words("地质灾害", "geohazard"),
    "flood_drought": Words("防汛抗旱", "flood and drought"),
    "power": Words("电力", "power"),
    "gas": Words("燃气", "gas"),
    "lift": Words("电梯", "lift rescue"),
    "forest_fire": Words("森林防火", "forest fire"),
    "fire": Words("消防", "fire"),
    "medical": Words("医疗", "medical"),
    "communications": Words("通信", "communications"),
    "earthquake": Words("地震", "earthquake"),
}
OPERATORS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "eq": "="}
PER = {
    "each": Words("每个", "each"),
    "total": Words("合计", "in total"),
    "average": Words("平均", "on average"),
    "share": Words("占比", "share"),
    "maximum": Words("最大", "at most"),
}


def text_in(value: Name | Words, lang: Lang) -> str:
    """The text in this language, or in the other one when a name has only that."""
    return getattr(value, lang) or value.zh or value.en or ""


def in_language(value: Any, lang: Lang | None) -> Any:
    """Built-in values with each {zh, en} pair replaced by its text in one language; None keeps both."""
    if lang is None:
        return value
    if isinstance(value, dict):
        if value and set(value) <= {"zh", "en"}:
            return value.get(lang) or value.get("en") or value.get("zh")
        return {name: in_language(item, lang) for name, item in value.items()}
    if isinstance(value, list):
        return [in_language(item, lang) for item in value]
    return value


def specialty(key: str) -> Words:
    """The name of a specialty (scheme:code), or its code when it has no name."""
    code = key.rpartition(":")[2]
    return SPECIALTIES.get(code, Words(code, code))


def number(value: float) -> str:
    """A figure with at most two decimals, or four digits below one. 99.999 shows as 99.99, not as 100."""
    if abs(value) < 1:
        return f"{value:.4g}"
    shown = round(value, 2)
    if shown == 100 != value:
        shown = 99.99 if value < 100 else 100.01
    return f"{shown:,.10g}"


def in_words(requirement: Requirement) -> Words:
    """A requirement in words, with its operator and figure as printed."""
    zh_unit, en_unit = UNITS[requirement.unit]
    sign, value = OPERATORS[requirement.operator], number(requirement.value)
    per = PER.get(requirement.per or "")
    zh = f"{per.zh if per else ''}{sign} {value}{zh_unit}"
    en = f"{sign} {value} {en_unit}{' ' + per.en if per else ''}"
    if requirement.printed:
        zh = f"{zh}（原文“{requirement.printed}”）"
        en = f"{en} (printed: {requirement.printed})"
    return Words(zh, en)

"""The handover of an incident as a page to print, in Chinese or English, without any outside reference."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from registry.domain.geojson import Point
from registry.domain.incidents.incident import Incident, LogLine
from registry.domain.plans.provision import Words
from registry.domain.plans.wording import Lang, text_in
from registry.services.incidents.handover import Handover
from registry.templates import render

WORDS = {
    "title": Words("事件交接单", "Incident handover"),
    "as_of": Words("截至", "as of"),
    "exercise": Words("演练：", "Exercise: "),
    "hazard": Words("灾种", "Hazard"),
    "state": Words("状态", "State"),
    "reported": Words("报告", "Reported"),
    "position": Words("位置", "Position"),
    "open": Words("未决事项", "Open questions"),
    "units": Words("已派队伍", "Committed units"),
    "unit": Words("队伍", "Unit"),
    "since": Words("自", "Since"),
    "task": Words("任务", "Task"),
    "no_units": Words("没有队伍在调度中", "no unit is committed"),
    "cordons": Words("警戒与封闭", "Cordons and closures"),
    "order": Words("层次", "Order"),
    "cordon": Words("名称", "Name"),
    "warnings": Words("生效预警", "Warnings in force"),
    "calls": Words("通讯录", "Call list"),
    "log": Words("日志", "Log"),
    "nowhere": Words("位置未知", "not known"),
}
STATES = {
    "reported": Words("已接报", "reported"),
    "confirmed": Words("已核实", "confirmed"),
    "responding": Words("处置中", "responding"),
    "contained": Words("已控制", "contained"),
    "closed": Words("已结束", "closed"),
}
VIAS = {
    "hotline": Words("热线", "hotline"),
    "camera": Words("监测点", "camera"),
    "field": Words("现场", "field"),
    "alert": Words("预警", "alert"),
    "other": Words("其他", "other"),
}
DISPATCH = {
    "committed": Words("已派", "committed"),
    "en_route": Words("途中", "en route"),
    "on_scene": Words("到场", "on scene"),
    "released": Words("已解除", "released"),
}
LINES = {
    "opened": Words("接报", "opened"),
    "changed": Words("变更", "changed"),
    "note": Words("记录", "note"),
    "detection": Words("再次报警", "alarm again"),
    "joined": Words("并案", "joined"),
    "dispatch": Words("调度", "dispatch"),
}


def page(told: Handover, lang: Lang, zone: str = "UTC") -> str:
    """The whole handover as one HTML document in one language, its times in the zone."""
    return render(
        "incident_handover.html",
        told=told,
        lang=lang,
        words=WORDS,
        states=STATES,
        vias=VIAS,
        dispatch=DISPATCH,
        hazard=Words(told.incident.hazard, told.incident.hazard),
        where=_where(told.incident, lang),
        say=lambda value: text_in(value, lang),
        moment=lambda at: _moment(at, zone),
        line_text=lambda line: _line(line, lang),
    )


def _moment(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %Z")


def _where(incident: Incident, lang: Lang) -> str:
    geometry, location = incident.geometry, incident.location
    doubt = "" if location.uncertainty_m is None else f" ±{location.uncertainty_m:g} m"
    if isinstance(geometry, Point):
        lon, lat = geometry.coordinates
        return f"{lon:.6f}, {lat:.6f}{doubt}"
    if geometry is not None:
        return f"{type(geometry).__name__}{doubt}"
    return ", ".join(location.candidate_places) or incident.place or text_in(WORDS["nowhere"], lang)


def _line(line: LogLine, lang: Lang) -> str:
    parts = [text_in(LINES[line.kind], lang), *_members(line, lang)]
    return " · ".join([*parts, line.text] if line.text else parts)


def _members(line: LogLine, lang: Lang) -> list[str]:
    if line.kind == "dispatch":
        name: Any = line.body.get("name") or {}
        whose = name.get(lang) or name.get("zh") or name.get("en") or line.body["resource"]
        return [str(whose), text_in(DISPATCH[line.body["state"]], lang)]
    after = line.body.get("after", {})
    return [f"{member}: {value}" for member, value in after.items() if isinstance(value, str | int | float)]

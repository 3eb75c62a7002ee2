"""The checks of a plan as one page that opens offline, in Chinese or English."""

import html
from collections import Counter
from pathlib import Path

from registry.domain.plans.check import Check, ObservedInterval, Verdict
from registry.domain.plans.provision import UNITS, Words
from registry.domain.plans.reconciliation import ReconciliationLine, Visit
from registry.domain.plans.wording import VERDICTS, Lang, number
from registry.domain.values import Name
from registry.services.plans.reconciliation import PlanReport

CSS = (Path(__file__).parent / "plan.css").read_text("utf-8")
VERDICT_ORDER: tuple[Verdict, ...] = ("not_met", "unknown", "cannot_evaluate", "met")
MOST_VISITS = 30
WORDS = {
    "title": Words("规划核对", "Plan check"),
    "as_of": Words("截至", "as of"),
    "checks": Words("逐条核对", "Checks"),
    "verdict": Words("结论", "Verdict"),
    "provision": Words("条款", "Provision"),
    "required": Words("要求", "Required"),
    "observed": Words("现状", "Observed"),
    "missing": Words("缺什么", "Missing"),
    "denominator": Words("分母", "Out of"),
    "totals": Words("公布总数与登记记录", "Published totals beside records"),
    "published": Words("公布", "Published"),
    "recorded": Words("登记", "Recorded"),
    "located": Words("已定位", "Located"),
    "verified": Words("已核实", "Verified"),
    "survey": Words("下一步查什么", "What to find out next"),
    "place": Words("地点", "Place"),
    "settles": Words("可定结论数", "Checks it may settle"),
    "what": Words("事项", "Tasks"),
    "desk": Words("案头", "at the desk"),
    "more": Words("另有", "more:"),
    "note": Words(
        "登记到的是下限；未声明清点完毕的，上限开放。未知不判为通过，也不判为不通过。",
        "What is recorded is the least; the most stays open until a record is stated to be complete. "
        "The unknown is neither a pass nor a failure.",
    ),
    "exercise": Words("演练数据：", "Exercise: "),
}


def page(report: PlanReport, lang: Lang) -> str:
    """The whole report as one HTML document without any outside reference."""
    title = f"{_w('title', lang)} · {_name(report.title, lang)}"
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    realm = f" · {_w('exercise', lang)}{_e(report.exercise)}" if report.exercise else ""
    body = "".join(
        [
            f"<h1>{title}</h1><p class=note>{_w('as_of', lang)} {_e(report.as_of)}{realm}</p>",
            _cards(report.checks, lang),
            f"<p class=note>{_w('note', lang)}</p>",
            f"<h2>{_w('checks', lang)}</h2>{_checks(report.checks, lang)}",
            f"<h2>{_w('totals', lang)}</h2>{_lines(report.lines, lang)}" if report.lines else "",
            f"<h2>{_w('survey', lang)}</h2>{_visits(report.visits, lang)}" if report.visits else "",
        ]
    )
    return (
        f'<!doctype html><html lang="{lang}"><head>{head}<title>{title}</title><style>{CSS}</style></head>'
        f"<body>{body}</body></html>\n"
    )


def interval_text(observed: ObservedInterval | None, lang: Lang) -> str:
    """An interval as a reader would say it: one figure, two, or at least one."""
    if observed is None:
        return "–"
    unit = UNITS[observed.unit][lang == "en"]
    low, high = number(observed.lower), None if observed.upper is None else number(observed.upper)
    figure = f"≥ {low}" if high is None else low if low == high else f"{low} – {high}"
    return f"{figure} {unit}"


def _cards(checks: list[Check], lang: Lang) -> str:
    counts = Counter(check.verdict for check in checks)
    shown = "".join(
        f"<div class={verdict}><b>{counts[verdict]}</b>{_say(VERDICTS[verdict], lang)}</div>"
        for verdict in VERDICT_ORDER
    )
    return f"<section class=cards>{shown}</section>"


def _checks(checks: list[Check], lang: Lang) -> str:
    head = _head(lang, "verdict", "provision", "required", "observed", "denominator", "missing")
    rows = "".join(
        _check(check, lang) for check in sorted(checks, key=lambda c: VERDICT_ORDER.index(c.verdict))
    )
    return f"<table>{head}{rows}</table>"


def _check(check: Check, lang: Lang) -> str:
    required = _say(check.requirement_label, lang) if check.requirement_label else "–"
    basis = check.denominator
    figure = f"<br><small>{number(basis.number)}</small>" if basis and basis.number else ""
    denominator = f"{_say(basis.name, lang)}{figure}" if basis else "–"
    return (
        f"<tr><td><span class='badge {check.verdict}'>{_say(check.verdict_label, lang)}</span></td>"
        f"<td><b>{_name(check.title, lang)}</b> <small>{_e(check.locator)}</small>"
        f"<div class=statement>{_say(check.statement, lang)}</div></td>"
        f"<td>{required}</td><td class=w>{_e(interval_text(check.observed, lang))}{_scale(check)}"
        f"<small>{_say(check.method, lang)}</small></td><td>{denominator}</td>"
        f"<td>{_missing(check, lang)}</td></tr>"
    )


def _scale(check: Check) -> str:
    """A bar for shares: what is sure, what is open, and the goal."""
    seen, goal = check.observed, check.requirement
    if seen is None or seen.unit != "percent" or seen.upper is None or goal is None or goal.per != "share":
        return ""
    low, high = max(0.0, min(100.0, seen.lower)), max(0.0, min(100.0, seen.upper))
    mark = min(99.5, max(0.0, goal.value))
    return (
        f"<div class=scale><i class=sure style='width:{low:.2f}%'></i>"
        f"<i class=open style='left:{low:.2f}%;width:{high - low:.2f}%'></i>"
        f"<i class=goal style='left:{mark:.2f}%'></i></div>"
    )


def _missing(check: Check, lang: Lang) -> str:
    if check.reason is not None:
        return _say(check.reason, lang)
    counts = Counter(_say(need.what, lang) for need in check.missing)
    if not counts:
        return "–"
    listed = [f"<li>{what}{f' × {count}' if count > 1 else ''}</li>" for what, count in counts.most_common(4)]
    more = f"<li>{_w('more', lang)} {len(counts) - 4}</li>" if len(counts) > 4 else ""
    return f"<ul>{''.join(listed)}{more}</ul>"


def _lines(lines: list[ReconciliationLine], lang: Lang) -> str:
    head = _head(lang, "verdict", "provision", "published/n", "recorded/n", "located/n", "verified/n")
    rows = "".join(
        f"<tr><td><span class='badge {line.verdict}'>{_say(line.verdict_label, lang)}</span></td>"
        f"<td>{_name(line.title, lang)} <small>{_e(line.locator)}</small></td>"
        f"<td class=n>{line.published}</td><td class=n>{line.recorded}</td>"
        f"<td class=n>{line.located}</td><td class=n>{line.verified}</td></tr>"
        for line in lines
    )
    return f"<table>{head}{rows}</table>"


def _visits(visits: list[Visit], lang: Lang) -> str:
    rows = ""
    for visit in visits[:MOST_VISITS]:
        place = _name(visit.name, lang) if visit.name else _w("desk", lang)
        what = "".join(f"<li>{_say(words, lang)}</li>" for words in visit.what[:6])
        more = f"<li>{_w('more', lang)} {len(visit.what) - 6}</li>" if len(visit.what) > 6 else ""
        rows += f"<tr><td>{place}</td><td class=n>{visit.settles}</td><td><ul>{what}{more}</ul></td></tr>"
    rest = (
        f"<p class=note>{_w('more', lang)} {len(visits) - MOST_VISITS}</p>"
        if len(visits) > MOST_VISITS
        else ""
    )
    return f"<table>{_head(lang, 'place', 'settles/n', 'what')}{rows}</table>{rest}"


def _head(lang: Lang, *names: str) -> str:
    """A header row; a name that ends in /n heads a column of numbers."""
    cells = ""
    for name, _, kind in (name.partition("/") for name in names):
        cells += f"<th class=n>{_w(name, lang)}</th>" if kind else f"<th>{_w(name, lang)}</th>"
    return f"<tr>{cells}</tr>"


def _w(name: str, lang: Lang) -> str:
    return _say(WORDS[name], lang)


def _say(words: Words, lang: Lang) -> str:
    return _e(words.zh if lang == "zh" else words.en)


def _name(name: Name, lang: Lang) -> str:
    return _e((name.zh if lang == "zh" else name.en) or str(name))


def _e(text: str) -> str:
    return html.escape(text)

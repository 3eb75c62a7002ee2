"""The checks of a plan as one page that opens offline, in Chinese or English."""

from collections import Counter

from msgspec import Struct

from registry.domain.plans.check import Check, ObservedInterval, Verdict
from registry.domain.plans.provision import UNITS, Words
from registry.domain.plans.wording import VERDICTS, Lang, number, text_in
from registry.services.plans.reconciliation import PlanReport
from registry.templates import render

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
    "placeholders": Words("占位", "Placeholders"),
    "located": Words("已定位", "Located"),
    "verified": Words("已核实", "Verified"),
    "may_belong": Words("可能属于", "May belong"),
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
    """The whole report as one HTML document in one language, without any outside reference."""
    return render(
        "plan_report.html",
        report=report,
        checks=sorted(report.checks, key=lambda check: VERDICT_ORDER.index(check.verdict)),
        verdicts={verdict: VERDICTS[verdict] for verdict in VERDICT_ORDER},
        words=WORDS,
        lang=lang,
        say=lambda value: text_in(value, lang),
        missing_texts=lambda check: _missing_texts(check, lang),
        visit_texts=lambda visit: [text_in(words, lang) for words in visit.what],
        interval_text=interval_text,
        share_bar=_share_bar,
        number=number,
        most_visits=MOST_VISITS,
    )


def interval_text(observed: ObservedInterval | None, lang: Lang) -> str:
    """An interval as a reader would say it: one figure, two, or at least one."""
    if observed is None:
        return "–"
    unit = UNITS[observed.unit][lang == "en"]
    low, high = number(observed.lower), None if observed.upper is None else number(observed.upper)
    figure = f"≥ {low}" if high is None else low if low == high else f"{low} – {high}"
    return f"{figure} {unit}"


class ShareBar(Struct, frozen=True):
    """The bar of a share in percent: how much is sure, how much is possible, and the goal."""

    sure: float
    possible: float
    goal: float


def _share_bar(check: Check) -> ShareBar | None:
    observed, goal = check.observed, check.requirement
    if observed is None or observed.unit != "percent" or observed.upper is None:
        return None
    if goal is None or goal.per != "share":
        return None
    sure, possible = (max(0.0, min(100.0, share)) for share in (observed.lower, observed.upper))
    return ShareBar(sure, possible, min(99.5, max(0.0, goal.value)))


def _missing_texts(check: Check, lang: Lang) -> list[str]:
    """What is missing, the most frequent first, with how often."""
    counts = Counter(text_in(fact.what, lang) for fact in check.missing)
    return [f"{text} × {count}" if count > 1 else text for text, count in counts.most_common()]

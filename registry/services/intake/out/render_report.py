"""Render a report as a workbook, a document or a page to print, from one table."""

from typing import Literal

from registry.domain.intake.files.drill import first_row
from registry.domain.intake.out.report import KindReport, head_of, sentences_of, table_of
from registry.domain.intake.out.workbook import KIND_NAMES
from registry.store.files.out.docx import write_document
from registry.store.files.out.xlsx import write_table
from registry.templates import render

ReportForm = Literal["xlsx", "docx", "html"]
ReportLang = Literal["zh", "en"]
NOTES = {
    "zh": "“未填”表示没有人填报，不是 0；“≥”表示只有一部分记录填报了数值。",
    "en": "“Not filled in” means that nobody stated a figure; it is not 0."
    " “≥” means that only some records did.",
}


def render_report(report: KindReport, form: ReportForm, lang: ReportLang) -> bytes:
    """The bytes of a report."""
    mark = None if report.exercise is None else first_row(report.exercise)
    title = title_of(report, lang)
    paragraphs = [*sentences_of(report, lang), NOTES[lang]]
    head, rows = head_of(report.measures, lang), table_of(report, lang)
    if report.exercise is not None:
        head = [*head, "演练" if lang == "zh" else "exercise"]
        rows = [[*row, report.exercise] for row in rows]
    if form == "docx":
        return write_document(title, paragraphs, head, rows, mark)
    if form == "html":
        values = {"title": title, "paragraphs": paragraphs, "head": head, "rows": rows, "mark": mark}
        return render("kind_report.html", lang=lang, **values).encode()
    lines = [[title], *([text] for text in paragraphs), head, *rows]
    return write_table(KIND_NAMES[report.kind], lines, mark=mark, heads=len(paragraphs) + 2)


def title_of(report: KindReport, lang: ReportLang) -> str:
    """The title of a report, which also names its file."""
    place = str(getattr(report.name, lang) or report.name)
    if lang == "zh":
        return f"{place}{KIND_NAMES[report.kind]}统计表"
    return f"{report.kind.replace('_', ' ').capitalize()}s of {place}"

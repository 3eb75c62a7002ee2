"""Write a report as a document of a word processor."""

import io
from collections.abc import Sequence

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt

FONT, EAST_ASIAN = "Times New Roman", "仿宋"


def write_document(
    title: str,
    paragraphs: Sequence[str],
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    mark: str | None = None,
) -> bytes:
    """A document (docx): title, sentences, one table; an exercise is named above and on every page."""
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(11)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), EAST_ASIAN)
    if mark is not None:
        document.sections[0].header.paragraphs[0].text = mark
        document.add_paragraph().add_run(mark).bold = True
    document.add_heading(title, level=1)
    for text in paragraphs:
        document.add_paragraph(text)
    table = document.add_table(rows=1, cols=len(head), style="Table Grid")
    for cell, text in zip(table.rows[0].cells, head, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    for row in rows:
        for number, (cell, text) in enumerate(zip(table.add_row().cells, row, strict=True)):
            cell.text = text
            if number:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()

"""Read delimited text."""

import csv

from registry.domain.intake.files.charset import decode, delimiter
from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Row, Sheet, Workbook
from registry.store.files.envelope import MOST_CELL_CHARACTERS, MOST_COLUMNS, MOST_ROWS


def read_delimited(content: bytes, encoding: str | None = None) -> Workbook:
    """One sheet of texts; none, but the first lines by encoding, where the encoding has to be asked."""
    decoded = decode(content, encoding)
    if decoded.text is None:
        return Workbook(format="csv", sheets=[], previews=decoded.previews)
    if "\x00" in decoded.text:
        raise RefusedFile("unknown_format")
    csv.field_size_limit(MOST_CELL_CHARACTERS)
    rows: list[Row] = []
    try:
        for row in csv.reader(decoded.text.splitlines(keepends=True), delimiter=delimiter(decoded.text)):
            if len(rows) >= MOST_ROWS:
                raise RefusedFile("too_many_rows", rows=MOST_ROWS)
            if len(row) > MOST_COLUMNS:
                raise RefusedFile("too_many_columns", columns=MOST_COLUMNS)
            rows.append([cell or None for cell in row])
    except csv.Error as error:
        if "field larger" in str(error):
            raise RefusedFile("cell_too_long", row=len(rows) + 1, characters=MOST_CELL_CHARACTERS) from error
        raise RefusedFile("damaged") from error
    return Workbook(format="csv", sheets=[Sheet(name="csv", rows=rows)], encoding=decoded.encoding)

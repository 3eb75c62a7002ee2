"""Why a file cannot be read at all."""

from typing import Any, Literal

RefusalCode = Literal[
    "empty_file",
    "too_large",
    "inflates_too_much",
    "too_many_parts",
    "unsafe_path",
    "encrypted",
    "unknown_format",
    "html_table",
    "damaged",
    "entities",
    "too_many_sheets",
    "too_many_rows",
    "too_many_columns",
    "far_cell",
    "cell_too_long",
    "no_table",
    "no_parameters",
    "limits_exceeded",
]


class RefusedFile(Exception):
    """The file cannot be read; the code and its figures say why."""

    def __init__(self, code: RefusalCode, **figures: Any) -> None:
        super().__init__(f"{code} {figures}" if figures else code)
        self.code: RefusalCode = code
        self.figures = figures

"""Answers in the reader's language: what every route of plans, registers and rules sends."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response

from registry.api.http.links import JSON
from registry.api.http.request import HttpRequest
from registry.domain.plans.wording import language, localised

CSV = "text/csv; charset=utf-8; header=present"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def speak(
    request: HttpRequest, value: Any, *, etag: str | None = None, status: int = 200, media: str = JSON
) -> Response[bytes]:
    """`value` as JSON, its labels in the language of Accept-Language, or in both without one."""
    lang = language(request.headers.get("accept-language"))
    headers = {"Vary": "Accept-Language, Accept-Encoding, Authorization"}
    if lang is not None:
        headers["Content-Language"] = lang
    if etag is not None:
        headers["ETag"] = etag
    body = msgspec.json.encode(localised(msgspec.to_builtins(value), lang))
    return Response(body, status_code=status, media_type=media, headers=headers)


def speak_csv(request: HttpRequest, rows: Sequence[Any], name: str) -> Response[bytes]:
    """`rows` as a CSV file in one language, Chinese unless English is preferred."""
    lang = language(request.headers.get("accept-language")) or "zh"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Content-Language": lang,
        "Vary": "Accept-Language, Accept-Encoding, Authorization",
    }
    text = table(localised(msgspec.to_builtins(list(rows)), lang))
    return Response(text.encode(), media_type=CSV, headers=headers)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """CSV (RFC 4180) with a header; a text that a spreadsheet would run as a formula is quoted."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value

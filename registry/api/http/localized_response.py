"""Responses of plans, registers and rules in the reader's language; `Accept-Language` is read only here."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import msgspec
from litestar import Response

from registry.api.http.links import JSON
from registry.api.http.request import HttpRequest
from registry.domain.plans.wording import Lang, in_language

T = TypeVar("T")
CSV = "text/csv; charset=utf-8; header=present"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
VARY = "Accept-Language, Accept-Encoding, Authorization"


def localized(request: HttpRequest, value: T, *, etag: str | None = None, status: int = 200) -> Response[T]:
    """`value` as JSON, its labels in the preferred language, or in both when none of ours is preferred.

    It is encoded here; its type describes the body in the document of the API.
    """
    lang = preferred(request)
    headers = {"Vary": VARY}
    if lang is not None:
        headers["Content-Language"] = lang
    if etag is not None:
        headers["ETag"] = etag
    body = msgspec.json.encode(in_language(msgspec.to_builtins(value), lang))
    return Response(cast(T, body), status_code=status, media_type=JSON, headers=headers)


def localized_csv(request: HttpRequest, rows: Sequence[Any], name: str) -> Response[Any]:
    """`rows` as a CSV file in one language, Chinese unless English is preferred."""
    lang = preferred(request) or "zh"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "Content-Language": lang,
        "Vary": VARY,
    }
    text = _csv(in_language(msgspec.to_builtins(list(rows)), lang))
    return Response(text.encode(), media_type=CSV, headers=headers)


def preferred(request: HttpRequest) -> Lang | None:
    """The language of ours that Accept-Language prefers (RFC 9110, 12.5.4); None for neither."""
    best: tuple[float, Lang] | None = None
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        lang = _ours(tag.lower())
        if lang is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, lang)
    return best[1] if best else None


def _ours(tag: str) -> Lang | None:
    return "zh" if tag.startswith("zh") else "en" if tag.startswith("en") else None


def _weight(parameters: str) -> float:
    match = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", parameters)
    return 1.0 if not parameters else float(match.group(1)) if match else 0.0


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    """CSV (RFC 4180) with a header; text that a spreadsheet would run as a formula gets a quote before it."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value

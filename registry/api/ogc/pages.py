"""HTML pages of OGC responses: each member of the JSON, each link as an anchor, nothing from another host."""

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
from markupsafe import Markup

from registry.templates import render

MAX_JSON_CHARACTERS = 600
MAX_LIST_ITEMS = 40


async def page(response: dict[str, Any], title: str) -> bytes:
    """The whole response as an HTML page; `title` and `description` head it, `links` end it.

    It is made beside the loop: a page of 10,000 features takes more than a second.
    """
    return await asyncio.to_thread(_page, response, title)


def _page(response: dict[str, Any], title: str) -> bytes:
    members = {name: _as_json_values(value) for name, value in response.items()}
    links = members.pop("links", [])
    if isinstance(members.get("title"), str):
        del members["title"]
    helpers = {"plain": _plain, "cells": _cells, "form_of": _form, "columns": _columns, "as_json": _json}
    return render("ogc_page.html", title=title, members=members, links=links, **helpers).encode()


def _as_json_values(value: Any) -> Any:
    """The value as its JSON has it; item by item, since to encode a long list holds up every other thread."""
    if isinstance(value, list):
        return [_as_json_values(item) for item in value]
    if isinstance(value, bytes):
        return flat_of(value)
    return msgspec.json.decode(msgspec.json.encode(value))


def flat_of(text: bytes) -> dict[str, Any]:
    """The identity, properties and geometry of a feature as one row of a table."""
    feature = msgspec.json.decode(text)
    return {"id": feature["id"], **feature["properties"], "geometry": feature["geometry"]}


def _plain(value: Any) -> str | None:
    """A value without members as text or as an anchor; None for others. Most values of a page are such."""
    if value is None or value == []:
        return "–"
    if isinstance(value, str):
        is_address = value.startswith(("http://", "https://"))
        return Markup('<a href="{0}">{0}</a>').format(value) if is_address else value
    return str(value) if isinstance(value, int | float) else None


def _cells(members: dict[str, Any], names: Iterable[str]) -> list[tuple[str, str | None, Any]]:
    """Name, plain text and value of these members; one call a row, since a call from a template is slow."""
    return [(name, _plain(members.get(name)), members.get(name)) for name in names]


def _form(value: Any) -> str:
    """How the template shows a value with members."""
    if isinstance(value, dict):
        return "mapping"
    if not isinstance(value, list):
        return "nothing"
    if all(isinstance(item, dict) for item in value):
        return "links" if all("href" in item for item in value) else "table"
    is_short = len(value) <= MAX_LIST_ITEMS and not any(isinstance(item, list) for item in value)
    return "list" if is_short else "json"


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _json(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= MAX_JSON_CHARACTERS else text[:MAX_JSON_CHARACTERS] + " …"

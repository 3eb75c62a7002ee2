"""Pages for people: every member of the JSON answer, every link as an anchor; nothing from another host."""

import html
from collections.abc import Iterable
from typing import Any

import msgspec

STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--link:#0b5cad}
@media(prefers-color-scheme:dark){:root{--link:#7cb7ff}}
body{font:15px/1.5 system-ui,"Noto Sans SC",sans-serif;margin:0 auto;max-width:76rem;padding:1rem 1.5rem 4rem}
header{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:baseline;border-bottom:2px solid var(--line)}
h1{font-size:1.5rem;margin:.4rem 0}nav{font-size:.9rem}a{color:var(--link)}
table{border-collapse:collapse;width:100%;margin:.5rem 0}.wide{overflow-x:auto}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:var(--soft);font-weight:600;white-space:nowrap}td.number{text-align:right}
td table{font-size:.85rem;margin:0}td td,td th{padding:.1rem .4rem}
code{font-size:.9em;overflow-wrap:anywhere}ul{margin:.2rem 0;padding-left:1.2rem}
"""
LONG = 600


def page(made: dict[str, Any], title: str) -> bytes:
    """The whole answer as a page."""
    links = made.get("links", [])
    body = "".join(_section(name, value) for name, value in made.items() if name != "links")
    return (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{text(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{STYLE}</style></head><body>'
        f"<header><h1>{text(title)}</h1><nav>{_ways(links)}</nav></header>{body}"
        f"<h2>Links · 链接</h2>{_links(links)}</body></html>"
    ).encode()


def text(value: object) -> str:
    """Text that cannot be taken for markup."""
    return html.escape(str(value))


def _ways(links: Iterable[dict[str, Any]]) -> str:
    kept = [
        link for link in links if link["rel"] in ("alternate", "root", "data", "collection", "prev", "next")
    ]
    return " · ".join(_anchor(link) for link in kept)


def _anchor(link: dict[str, Any]) -> str:
    href = str(link["href"])
    if not href.startswith(("http://", "https://", "/")):
        return text(href)
    label = link.get("title") or link["rel"]
    kind = text(link.get("type", ""))
    return f'<a rel="{text(link["rel"])}" type="{kind}" href="{text(href)}">{text(label)}</a>'


def _links(links: Iterable[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{_anchor(link)}</td><td><code>{text(link['rel'])}</code></td>"
        f"<td><code>{text(link.get('type', ''))}</code></td></tr>"
        for link in links
    )
    return f"<table><tr><th>Title</th><th>rel</th><th>type</th></tr>{rows}</table>"


def _section(name: str, value: Any) -> str:
    if name in ("title", "description") and isinstance(value, str):
        return f"<p>{text(value)}</p>" if name == "description" else ""
    return f"<h2>{text(name)}</h2>{_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return _links(value) if all("href" in item for item in value) else _table(value)
    if isinstance(value, list) and len(value) <= 40 and not any(isinstance(item, list) for item in value):
        return "<ul>" + "".join(f"<li>{_value(item)}</li>" for item in value) + "</ul>" if value else "–"
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return f'<a href="{text(value)}">{text(value)}</a>'
    if isinstance(value, str | int | float):
        return text(value)
    shown = msgspec.json.encode(value).decode()
    return f"<code>{text(shown if len(shown) <= LONG else shown[:LONG] + ' …')}</code>"


def _mapping(value: dict[str, Any]) -> str:
    rows = "".join(f"<tr><th>{text(name)}</th><td>{_value(item)}</td></tr>" for name, item in value.items())
    return f"<div class=wide><table>{rows}</table></div>"


def _table(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{text(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{_value(row.get(n))}</td>" for n in names) + "</tr>" for row in rows
    )
    return f"<div class=wide><table><tr>{head}</tr>{body}</table></div>"

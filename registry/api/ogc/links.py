"""Absolute links inside the OGC API; they keep `exercise` and `as_of` of the request."""

from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from registry.api.http.request import HttpRequest
from registry.api.ogc.negotiation import HTML, JSON, MediaTypes

CARRIED = ("exercise", "as_of")
"""Parameters that every link keeps: they select the exercise and the instant."""
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
Link = dict[str, Any]


class Links:
    """The links in the response to one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._base = str(request.base_url).rstrip("/")
        self.root = f"{self._base}/ogc"
        self._path = request.url.path.rstrip("/")
        self._query = {name: str(value) for name, value in request.query_params.items()}
        self._carried = {name: self._query[name] for name in CARRIED if name in self._query}

    def href(self, path: str, **query: str) -> str:
        """The address of a path below the root."""
        text = urlencode({**self._carried, **query})
        return f"{self.root}{path}" + (f"?{text}" if text else "")

    def to(self, rel: str, path: str, media: str, title: str, **query: str) -> Link:
        """A link to a path below the root."""
        return {"rel": rel, "type": media, "title": title, "href": self.href(path, **query)}

    def here(self, *without: str, **changed: str) -> str:
        """The address of this request, without some parameters and with others changed."""
        texts = self._texts.copy()
        for name in without:
            texts.pop(name, None)
        for name, value in changed.items():
            texts[name] = _text(name, value)
        query = "&".join(texts.values())
        return f"{self._base}{self._path}" + (f"?{query}" if query else "")

    @cached_property
    def _texts(self) -> dict[str, str]:
        """Each parameter as URL text, encoded once for the ten links of a response."""
        return {name: _text(name, value) for name, value in self._query.items()}

    def own(self, offered: MediaTypes, form: str) -> list[Link]:
        """`self`, and `alternate` for every other media type."""
        listed = [{"rel": "self", "type": offered[form], "title": "This document", "href": self.here()}]
        return listed + [
            {
                "rel": "alternate",
                "type": media,
                "title": f"This document as {name}",
                "href": self.here(f=name),
            }
            for name, media in offered.items()
            if name != form
        ]


@lru_cache(512)
def _text(name: str, value: str) -> str:
    """A parameter as URL text; cached, because every response repeats the names of the media types."""
    return urlencode({name: value}, quote_via=quote, safe=",:/")


def about(links: Links) -> list[Link]:
    """The links back to the landing page and the collections, which every page has."""
    return [
        links.to("root", "", JSON, "Landing page · 首页"),
        links.to("data", "/collections", JSON, "Collections · 数据集"),
        links.to("alternate", "", HTML, "Landing page", f="html"),
    ]

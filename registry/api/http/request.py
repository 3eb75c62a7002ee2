"""The request type of every handler."""

from typing import Any

from litestar import Request

HttpRequest = Request[Any, Any, Any]
"""Litestar's request; this registry sets no user, no token and no typed state on it."""

"""The map and the field page: the built pages and their assets, read once at start and served from memory."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import Struct

from registry.api.http.access.admission import OWN
from registry.api.http.access.authentication import OPEN
from registry.api.http.request import HttpRequest
from registry.runtime import data_files

DIST = data_files.folder("web")
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
BESIDE = ["/field-worker.js", "/field.webmanifest", "/field-192.png", "/field-512.png"]
"""Files with names that stay: a service worker may only answer for what lies at or below its own address."""
ENCODINGS = {".br": "br", ".gz": "gzip"}
NO_MAP = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Resource registry</title>
<h1>Emergency-preparedness resource registry</h1>
<p>The API is running. The map is not built in this checkout: with Node.js 20.19 or newer
<code>./dev serve</code> builds it, and the wheel of a release contains it.</p>
<p lang="zh">服务已启动；此源码目录中地图尚未构建：
安装 Node.js 20.19 或更新版本后由 <code>./dev serve</code> 构建，
发布的 wheel 包中已包含地图。</p>
<p><a href="/docs">API documentation · 接口文档</a></p></html>
"""


class Asset(Struct, frozen=True):
    """One file of the page, in each encoding it was built in."""

    media_type: str
    etag: str
    bodies: Mapping[str, bytes]
    immutable: bool


def load(dist: Path) -> dict[str, Asset]:
    """Every servable file under `dist` by its path; nothing else can be asked for, whatever a path says."""
    if not (dist / "index.html").is_file():
        return {"index.html": _asset(Path("index.html"), {"": NO_MAP.encode()})}
    inside = dist.resolve()
    found = (path for path in sorted(dist.rglob("*")) if path.suffix in TYPES)
    files = {path.relative_to(dist): path for path in found if path.resolve().is_relative_to(inside)}
    return {name.as_posix(): _asset(name, _bodies(path)) for name, path in files.items()}


def _bodies(path: Path) -> dict[str, bytes]:
    packed = {name: path.with_name(path.name + suffix) for suffix, name in ENCODINGS.items()}
    built = {name: file for name, file in packed.items() if file.is_file()}
    return {"": path.read_bytes()} | {name: file.read_bytes() for name, file in built.items()}


def _asset(path: Path, bodies: Mapping[str, bytes]) -> Asset:
    digest = hashlib.sha256(bodies[""]).hexdigest()[:24]
    return Asset(TYPES[path.suffix], digest, bodies, immutable=path.parts[0] == "assets")


def policy(other: str | None = None) -> str:
    """The content policy of the page: this server alone, and the one host of a base map elsewhere."""
    tiles = f" {other}" if other else ""
    return "; ".join(
        [
            "default-src 'self'",
            f"img-src 'self' data: blob:{tiles}",
            f"connect-src 'self'{tiles}",
            "worker-src 'self' blob:",
            "style-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


def answer(asset: Asset, accepted: str, condition: str | None, other: str | None = None) -> Response[bytes]:
    """The file in the best encoding the client takes, or 304 when it has it."""
    offered = [name for name in ENCODINGS.values() if name in asset.bodies and name in _names(accepted)]
    encoding = offered[0] if offered else ""
    headers = {
        "ETag": f'"{asset.etag}{"-" + encoding if encoding else ""}"',
        "Cache-Control": "public, max-age=31536000, immutable" if asset.immutable else "no-cache",
        "Content-Security-Policy": policy(other),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
    }
    if condition is not None and headers["ETag"] in condition:
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(asset.bodies[encoding], headers=headers, media_type=asset.media_type)


def _names(accepted: str) -> set[str]:
    parts = (part.partition(";") for part in accepted.split(","))
    return {name.strip() for name, _, weight in parts if weight.strip() not in ("q=0", "q=0.0")}


def router(dist: Path = DIST, other: str | None = None) -> Router:
    """The pages `/` and `/field`, and their assets; `other` is the origin of a base map elsewhere."""
    files = load(dist)

    def serve(request: HttpRequest, name: str) -> Response[bytes]:
        if name not in files:
            raise NotFoundException(f"no file {name}")
        headers = request.headers
        return answer(files[name], headers.get("accept-encoding", ""), headers.get("if-none-match"), other)

    @get("/", sync_to_thread=False, opt={"any_query": True})
    def show_map(request: HttpRequest) -> Response[bytes]:
        """The command-centre map, whatever others add to its address: what it shows is after the `#`."""
        return serve(request, "index.html")

    @get("/field", sync_to_thread=False, opt={"any_query": True})
    def show_field_page(request: HttpRequest) -> Response[bytes]:
        """The page for a phone in the field, which goes on working without a network."""
        return serve(request, "field.html" if "field.html" in files else "index.html")

    @get(BESIDE, sync_to_thread=False)
    def read_beside(request: HttpRequest) -> Response[bytes]:
        """What makes the field page installable: its service worker, its manifest and its icons."""
        return serve(request, request.url.path.rpartition("/")[2])

    @get("/assets/{name:str}", sync_to_thread=False)
    def read_asset(request: HttpRequest, name: FromPath[str]) -> Response[bytes]:
        """One file of a page; its name changes with its content."""
        return serve(request, f"assets/{name}")

    pages = [show_map, show_field_page, read_beside, read_asset]
    return Router("/", route_handlers=pages, include_in_schema=False, opt=OPEN | OWN)

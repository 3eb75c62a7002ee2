"""The documentation as pages at `/guide`, in English and Chinese; `./dev docs` builds them."""

from typing import Any

from litestar import MediaType, Response, Router, get
from litestar.response import Redirect
from litestar.static_files import create_static_files_router

from registry.api.http.access.admission import OWN
from registry.api.http.access.authentication import OPEN
from registry.api.http.localized_response import preferred
from registry.api.http.request import HttpRequest
from registry.runtime import data_files

SITE = data_files.folder("guide")
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Guide</title>
<h1>The guide is not built here</h1>
<p>In a checkout <code>./dev docs</code> builds it from <code>docs/</code>, where it can be read as it is;
the wheel of a release contains it.</p>
<p lang="zh">此处尚未生成使用指南：在源码目录中运行 <code>./dev docs</code>，或直接阅读 <code>docs/</code>；
发布的 wheel 包中已包含。</p></html>
"""


@get("/guide", sync_to_thread=False)
def show_guide(request: HttpRequest) -> Response[str]:
    """The first page of the guide in the reader's language, or how to build the guide."""
    if not (SITE / "en" / "index.html").is_file():
        return Response(NOT_BUILT, media_type=MediaType.HTML)
    return Redirect(f"/guide/{preferred(request) or 'en'}/index.html")


def routers() -> list[Any]:
    """The first page, and the files of each language."""
    pages = [
        create_static_files_router(
            path=f"/guide/{language}",
            directories=[SITE / language],
            include_in_schema=False,
            name=f"guide-{language}",
            opt=OPEN | OWN,
        )
        for language in ("en", "zh")
    ]
    first = Router("/", route_handlers=[show_guide], include_in_schema=False, opt=OPEN | OWN)
    return [first, *pages]

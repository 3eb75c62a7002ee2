"""What schemathesis is told beyond the documents."""

from typing import Any

import schemathesis

MOST = 10_000


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Leave out a `limit` above its maximum under /ogc: it means the maximum (OGC 17-069, 7.15.2)."""
    limit = str((case.query or {}).get("limit", ""))
    is_ogc = case.operation.path.startswith("/collections/")
    return not (is_ogc and limit.isdigit() and int(limit) > MOST)

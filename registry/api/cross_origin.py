"""Pages of other hosts may read what anybody may read; no cookie of ours exists that they could use."""

from litestar.config.cors import CORSConfig

CORS = CORSConfig(
    allow_origins=["*"],
    allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    allow_headers=[
        "Authorization",
        "Content-Type",
        "If-Match",
        "If-None-Match",
        "Idempotency-Key",
        "Content-Crs",
    ],
    expose_headers=["Link", "ETag", "Content-Crs", "Location", "OATiles-hint", "Retry-After"],
    max_age=600,
)

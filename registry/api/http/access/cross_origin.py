"""CORS: which origins may read responses. There are no cookies, so that no origin gains rights."""

from litestar.config.cors import CORSConfig

from registry.api.http.response_headers import POSITION
from registry.runtime.settings import Settings, SettingsError


def cors(settings: Settings) -> CORSConfig | None:
    """The configured origins; None when the setting names none."""
    origins = [part.strip() for part in settings.cors_origins.split(",") if part.strip()]
    if not origins:
        return None
    if "*" in "".join(origins):
        raise SettingsError("REGISTRY_CORS_ORIGINS names each origin; * would let in every site")
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "If-Match",
            "If-None-Match",
            "Idempotency-Key",
            "Prefer",
            "Content-Crs",
            POSITION,
        ],
        expose_headers=[
            "Link",
            "ETag",
            "Content-Crs",
            "Location",
            "Preference-Applied",
            "OATiles-hint",
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy",
            "X-Request-Id",
            POSITION,
        ],
        max_age=600,
    )

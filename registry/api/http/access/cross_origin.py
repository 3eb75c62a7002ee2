"""Which pages of other hosts may read the answers; no cookie of ours exists that they could use."""

from litestar.config.cors import CORSConfig

from registry.runtime.settings import Settings, SettingsError


def cors(settings: Settings) -> CORSConfig | None:
    """The origins of the setting and nobody else; None where it names none."""
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
            "Content-Crs",
        ],
        expose_headers=[
            "Link",
            "ETag",
            "Content-Crs",
            "Location",
            "OATiles-hint",
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy",
            "X-Request-Id",
        ],
        max_age=600,
    )

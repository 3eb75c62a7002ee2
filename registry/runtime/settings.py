"""The settings, read once from the environment."""

import os
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from registry.domain.access.credential import id_of
from registry.domain.proximity.ranking import parse_paces
from registry.domain.records.resource import DEFAULT_VISIBILITY, Visibility
from registry.domain.subscriptions.webhook import parse_networks

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class SettingsError(Exception):
    """A setting is unknown or has an unusable value."""


def default_data_dir() -> Path:
    """The platform's directory for user data; for root, one that an unprivileged server can enter."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/emergency-registry")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "emergency-registry"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of a process: DATABASE_URL, and REGISTRY_<NAME> for each other field."""

    database_url: str | None = None
    """PostgreSQL with PostGIS, as the role `registry_app`; unset: a private cluster of the registry's own."""
    owner_url: str | None = None
    """The same database as its owner, who migrates it, stores the seeds and makes keys."""
    read_url: str | None = None
    """A standby of the same database, as `registry_app`, which answers questions; unset: none."""
    read_lag_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 5.0
    """How far the standby may be behind before questions go to the primary again."""
    pooler: bool = False
    """A pooler stands between: ask it for no settings of the session; the limits are those of the role."""
    data_dir: Path = msgspec.field(default_factory=default_data_dir)
    """Where the private cluster lives."""
    host: str = "127.0.0.1"
    """Address the server listens on."""
    port: Port = 8000
    """Port the server listens on."""
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Worker processes."""
    pool_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 12
    """Database connections of one worker."""
    statements_at_once: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """Statements of one worker at once, others waiting up to 0.2 s; 0: its share of cores, at least three."""
    acquire_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=30)] = 1.0
    """How long a request may wait for a database connection before it is answered 503."""
    statement_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 3.0
    """How long one statement of a request may run before it is answered 503."""
    tile_cache_mb: Annotated[int, msgspec.Meta(ge=0, le=4096)] = 64
    """How much memory of one worker may hold vector tiles."""
    anonymous: bool = True
    """Whether a request without a credential is answered, as public; health always is."""
    admin_key: str | None = None
    """A key `reg_<8 hex digits>_<43 or more letters>` that `serve` gives to the administrator."""
    key_pepper: str | None = None
    """The secret that keys are hashed with; unset: a random one, kept in the data directory."""
    former_key_peppers: str | None = None
    """Peppers of before a rotation, separated by commas: they still read keys, seals and cursors."""
    key_cache_s: Annotated[float, msgspec.Meta(ge=0, le=300)] = 10.0
    """How long an accepted key is cached; a revoked key may work for so long."""
    oidc_issuer: str | None = None
    """Issuer (iss) of the tokens that are accepted beside keys."""
    oidc_audience: str | None = None
    """Audience (aud) that those tokens name."""
    oidc_jwks: str | None = None
    """The keys of the issuer: an https URL, or a file."""
    oidc_role_claim: str = "registry_role"
    """Claim with the role."""
    oidc_places_claim: str = "registry_places"
    """Claim with the codes of the places that the role holds for; `*` for everywhere, none for nowhere."""
    backup_dir: Path | None = None
    """Where `registry backup` puts backups, each in a folder of its own."""
    archive_dir: Path | None = None
    """Where the private cluster keeps base copies and its write-ahead log, for `registry restore --to`."""
    keep_audit_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0
    """How long the audit is kept; `registry retain` deletes what is older. 0: for ever."""
    foreign_transaction_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 60.0
    """After so long, a transaction of another program that the feed waits for is ended; 0: never, unset: 60.

    Only in the private cluster; elsewhere it is logged, and its administrator ends it.
    """
    default_visibility: Visibility = DEFAULT_VISIBILITY
    """Who may know of a new record or entry whose maker does not say: public, internal or restricted."""
    mass_change_limit: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 50
    """Changes that take records out of use or sight, by one person within ten minutes; 0 is no limit."""
    job_processes: Annotated[int, msgspec.Meta(ge=1, le=32)] = 2
    """Analyses that one worker runs at the same time, each in a process of its own."""
    job_time_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 300.0
    """How long an analysis may run before it is ended."""
    job_memory_mb: Annotated[int, msgspec.Meta(ge=256, le=65536)] = 2048
    """Address space that one analysis may use."""
    units_per_minute: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    """Cost units each caller has a minute, 0 for no limit; unset: 600, or none on the loopback."""
    inflight_command: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 8
    """Requests that a worker works on at once, others wait half a second; two are for planners alone."""
    inflight_planner: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 4
    """Of those, costly requests with a credential."""
    inflight_field: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 6
    """Of those, requests of viewers and field officers."""
    inflight_public: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 5
    """Of those, requests without a credential."""
    connections_per_address: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 200
    """Connections of one address to one worker before the idlest are closed; this host may have more."""
    drain_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0
    """How long a server that is told to stop goes on while it says that it is not ready."""
    request_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0
    """How long a request may work before it is answered 503; what it waits for does not count."""
    body_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=300)] = 15.0
    """How long a body may take to arrive, and one second more for each kilobyte."""
    cors_origins: str = ""
    """Origins of other sites whose pages may call the API, separated by commas; none by default."""
    trusted_proxies: str = ""
    """Networks of the proxies in front, with commas; their X-Forwarded-For, -Host and -Proto are trusted."""
    allowed_hosts: str = ""
    """Names that are answered and linked, with commas; unset: all, or localhost where only it connects."""
    tls_certificate: Path | None = None
    """Certificate chain (PEM) to serve https with."""
    tls_key: Path | None = None
    """Private key (PEM) of the certificate."""
    otlp_endpoint: str | None = None
    """Where traces are sent as OTLP over HTTP, such as http://localhost:4318/v1/traces; unset: nowhere."""
    log_file: Path | None = None
    """Where the server's log is written instead of to standard error; `serve` rotates it at 20 MB."""
    access_log: bool = False
    """Log every request; otherwise those that change, fail or take longer than a second."""
    stale_after_days: Annotated[float, msgspec.Meta(gt=0, le=36_500)] = 180.0
    """After so many days without a verification, a record is marked stale in proximity answers."""
    webhook_networks: str = ""
    """Networks with commas that webhooks may reach although they are private; http is allowed then."""
    basemap: str | None = None
    """The ground of the map: a .pmtiles file, or an https address of pictures with {z}, {x} and {y}."""
    basemap_attribution: str | None = None
    """Whose base map it is, as its licence or approval number demands; unset: what the file says."""
    basemap_datum: Literal["wgs84", "cgcs2000"] | None = None
    """The datum of the base map, demanded of an address; maps in GCJ-02 or BD-09 are refused."""
    paces: str | None = None
    """For rank=arrival, JSON by kind: {"rescue_team": {"speed_kmh": 40, "detour": 1.4, "source": "…"}}."""
    debug: bool = False
    """Show tracebacks in answers; refused on any address but the loopback."""


def statements_at_once(settings: Settings) -> int:
    """The number of statements of a worker that run at once."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return settings.statements_at_once or max(3, cores // settings.workers)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def demand_safe(settings: Settings) -> None:
    """SettingsError when other machines could see debug output, or keys would cross the network in clear."""
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise SettingsError("REGISTRY_TLS_CERTIFICATE and REGISTRY_TLS_KEY belong together")
    if is_loopback(settings.host):
        return
    if settings.debug:
        raise SettingsError(f"REGISTRY_DEBUG shows tracebacks to everybody; it is refused on {settings.host}")
    if settings.tls_certificate is None and not settings.trusted_proxies:
        raise SettingsError(
            f"keys would cross the network in clear on {settings.host}: set REGISTRY_TLS_CERTIFICATE and"
            " REGISTRY_TLS_KEY, or REGISTRY_TRUSTED_PROXIES for a proxy that speaks https"
        )


def read(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`; SettingsError names the variable that is unknown or wrong."""
    values = {
        name.removeprefix("REGISTRY_").lower(): value
        for name, value in environ.items()
        if name.startswith("REGISTRY_") and value != ""
    }
    unknown = sorted(set(values) - set(Settings.__struct_fields__))
    if unknown:
        raise SettingsError(f"unknown setting REGISTRY_{unknown[0].upper()}")
    if environ.get("DATABASE_URL"):
        values["database_url"] = environ["DATABASE_URL"]
    if "admin_key" in values and id_of(values["admin_key"]) is None:
        raise SettingsError(
            "REGISTRY_ADMIN_KEY must have the form"
            " reg_<8 hexadecimal digits>_<43 to 128 letters, digits, - or _>"
        )
    try:
        parse_paces(environ.get("REGISTRY_PACES") or None)
        parse_networks(environ.get("REGISTRY_WEBHOOK_NETWORKS", ""))
        return msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except (msgspec.MsgspecError, ValueError) as error:
        raise SettingsError(f"a REGISTRY_* setting cannot be used: {error}") from error


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser().resolve()
    raise TypeError(f"unsupported setting type {kind}")

"""What the registry refuses to start with."""

from pathlib import Path

import pytest

from registry.api.http.access.limits import units_per_minute
from registry.runtime.settings import Settings, SettingsError, demand_safe, is_loopback, read

CERTIFICATE = {"tls_certificate": Path("/c.pem"), "tls_key": Path("/k.pem")}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_the_loopback_anything_goes(host: str) -> None:
    demand_safe(Settings(host=host, debug=True))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "registry.example", ""])
def test_elsewhere_keys_never_cross_in_clear(host: str) -> None:
    with pytest.raises(SettingsError, match="in clear"):
        demand_safe(Settings(host=host))
    demand_safe(Settings(host=host, **CERTIFICATE))
    demand_safe(Settings(host=host, trusted_proxies="10.0.0.0/8"))


def test_elsewhere_there_is_no_debugging() -> None:
    with pytest.raises(SettingsError, match="REGISTRY_DEBUG"):
        demand_safe(Settings(host="0.0.0.0", debug=True, **CERTIFICATE))


def test_half_a_certificate_is_none() -> None:
    with pytest.raises(SettingsError, match="belong together"):
        demand_safe(Settings(tls_certificate=Path("/c.pem")))


def test_what_others_can_reach_has_a_limit() -> None:
    assert units_per_minute(Settings()) == 0
    assert units_per_minute(Settings(units_per_minute=5)) == 5
    assert units_per_minute(Settings(trusted_proxies="127.0.0.1")) == 600
    assert units_per_minute(Settings(host="0.0.0.0")) == 600
    assert units_per_minute(Settings(host="0.0.0.0", units_per_minute=0)) == 0


def test_switches_and_paths_are_read_from_text() -> None:
    chosen = read(
        {"REGISTRY_ANONYMOUS": "false", "REGISTRY_TLS_KEY": "/k.pem", "REGISTRY_ACCESS_LOG": "True"}
    )
    assert (chosen.anonymous, chosen.tls_key, chosen.access_log) == (False, Path("/k.pem"), True)
    assert not is_loopback("127.0.0.1.example.org")

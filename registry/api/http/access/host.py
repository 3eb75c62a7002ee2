"""Under which name and scheme a request came, and whether the registry answers to that name."""

import re

from litestar.types import HTTPScope

from registry.api.http.access.client_address import TrustedProxies
from registry.domain.errors import InvalidQuery
from registry.runtime.settings import Settings, is_loopback

HOST = b"host"
FORM = re.compile(r"([A-Za-z0-9.\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
HEALTH = "/health/"
"""Probes ask a machine by its address."""


class KnownHosts:
    """The names that the registry answers to: links are made of them, so that nobody else may choose them.

    Without a list, a registry that only this machine can reach answers to the names of this machine: no page
    of another site reaches it by a name of its own (DNS rebinding).
    """

    def __init__(self, settings: Settings, proxies: TrustedProxies) -> None:
        self._proxies = proxies
        self._names = {part.strip().lower() for part in settings.allowed_hosts.split(",") if part.strip()}
        self._only_here = is_loopback(settings.host) and not settings.trusted_proxies

    def settle(self, scope: HTTPScope) -> None:
        """Put the name and scheme that the client used into the scope; InvalidQuery for an unknown name.

        Only a trusted proxy says what the client used.
        """
        sent = [value for name, value in scope["headers"] if name == HOST]
        if len(sent) != 1:
            raise InvalidQuery("send one Host header", field="Host")
        host = sent[0].decode("latin-1")
        forwarded = self._proxies.forwarded(scope)
        if forwarded.host is not None:
            host = forwarded.host
            scope["headers"] = [
                (name, host.encode() if name == HOST else value) for name, value in scope["headers"]
            ]
        if forwarded.scheme is not None:
            scope["scheme"] = forwarded.scheme
        form = FORM.fullmatch(host)
        if form is None or not (scope["path"].startswith(HEALTH) or self._is_known(form[1].lower())):
            raise InvalidQuery(
                f"this registry does not answer to the name {host[:100]!r}: add it to REGISTRY_ALLOWED_HOSTS",
                field="Host",
                zh="本登记系统不使用该主机名；请将其加入 REGISTRY_ALLOWED_HOSTS",
            )

    def _is_known(self, name: str) -> bool:
        if self._names:
            return name in self._names or (self._only_here and is_loopback(name.strip("[]")))
        return not self._only_here or is_loopback(name.strip("[]"))

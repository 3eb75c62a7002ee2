"""`registry serve`: everything between a settings object and an answering server."""

import asyncio
import errno
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from functools import partial

import click
import msgspec

from registry.cli import key
from registry.runtime import database, server, settings
from registry.runtime.settings import Settings, SettingsError
from registry.store.database.probe import OWNER_SETTING, is_new


class PortTaken(click.ClickException):
    """The address cannot be listened on."""


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes.")
def command(**options: str | int | None) -> None:
    """Serve the registry until Ctrl-C or SIGTERM. 启动服务。"""
    begun_s = time.monotonic()
    chosen = msgspec.structs.replace(
        settings.read(os.environ), **{name: value for name, value in options.items() if value is not None}
    )
    settings.demand_safe(chosen)
    chosen = msgspec.structs.replace(chosen, port=_free_port(chosen.host, chosen.port))
    _say(begun_s, "starting the database and bringing its schema up to date")
    with database.opened(chosen) as urls:
        _fill(chosen, urls, begun_s)
        _say(begun_s, "starting the server")
        chosen = msgspec.structs.replace(chosen, database_url=urls.role, owner_url=None, admin_key=None)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            ready = partial(_say_ready, begun_s, server.address(chosen))
            sys.exit(server.keep_running(chosen, ready))


def _fill(chosen: Settings, urls: database.Urls, begun_s: float) -> None:
    """Give a new registry its seeds and its administrator, which only the owner can."""
    is_empty = asyncio.run(is_new(urls.role))
    if urls.owner is not None:
        if is_empty:
            from registry.cli import seed  # takes a second that later starts need not spend

            _say(begun_s, "storing the plan documents and the demonstration")
            seed.first(urls.owner)
        key.first(chosen, urls.owner)
    elif chosen.admin_key is not None:
        raise SettingsError(f"REGISTRY_ADMIN_KEY is stored by the owner of the database: set {OWNER_SETTING}")
    elif is_empty:
        click.echo(f"the registry is empty: run `registry seed` with {OWNER_SETTING}", err=True)


def _say(begun_s: float, step: str) -> None:
    click.echo(f"registry: [{time.monotonic() - begun_s:3.0f} s] {step}", err=True)


def _say_ready(begun_s: float, address: str) -> None:
    click.echo(f"ready on {address} after {time.monotonic() - begun_s:.1f} s", err=True)


def _free_port(host: str, port: int) -> int:
    """The port itself, or a free one for 0; says so when somebody listens there already."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "; choose another with --port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else ""
        raise PortTaken(f"{host} port {port} cannot be listened on: {reason.lower()}{hint}") from None

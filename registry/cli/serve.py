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
from registry.store.database.probe import is_new


class PortTaken(click.ClickException):
    """The address cannot be listened on."""


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes.")
def command(**given: str | int | None) -> None:
    """Serve the registry until Ctrl-C or SIGTERM. 启动服务。"""
    begun = time.monotonic()
    chosen = msgspec.structs.replace(
        settings.read(os.environ), **{name: value for name, value in given.items() if value is not None}
    )
    settings.demand_safe(chosen)
    chosen = msgspec.structs.replace(chosen, port=_free_port(chosen.host, chosen.port))
    with database.migrated(chosen) as url:
        if asyncio.run(is_new(url)):
            _seed(url)
        key.first(chosen, url)
        chosen = msgspec.structs.replace(chosen, database_url=url, admin_key=None)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            tell = partial(_tell, server.address(chosen), begun)
            sys.exit(server.keep_running(chosen, tell))


def _seed(url: str) -> None:
    from registry.cli import seed  # takes a second that later starts need not spend

    seed.first(url)


def _tell(address: str, begun: float) -> None:
    click.echo(f"ready on {address} after {time.monotonic() - begun:.1f} s", err=True)


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

"""`registry serve`: opens the database, fills a new registry, and runs the server."""

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
from registry.jobs import owner_chores
from registry.runtime import database, key_pepper, server
from registry.runtime.settings import Settings, SettingsError, demand_safe, read
from registry.services.access.pepper_in_use import demand_pepper
from registry.store.database.probe import OWNER_SETTING, is_new


class PortTaken(click.ClickException):
    """The server cannot listen on the address."""


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes.")
@click.option("--empty", is_flag=True, help="Leave a new registry empty, for `registry init`. 不载入示例。")
def command(empty: bool, **options: str | int | None) -> None:
    """Serve the registry until Ctrl-C or SIGTERM. 启动服务。"""
    started_s = time.monotonic()
    settings = msgspec.structs.replace(
        read(os.environ), **{name: value for name, value in options.items() if value is not None}
    )
    demand_safe(settings)
    settings = msgspec.structs.replace(settings, port=_free_port(settings.host, settings.port))
    is_embedded = settings.database_url is None
    _say(started_s, "starting the database and bringing its schema up to date")
    with database.opened(settings) as urls:
        _fill(settings, urls, started_s, empty=empty)
        _say(started_s, "starting the server")
        settings = msgspec.structs.replace(settings, database_url=urls.role, owner_url=None, admin_key=None)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        own = owner_chores.chores(settings, urls.owner) if is_embedded and urls.owner else []
        with owner_chores.done_beside(own), suppress(KeyboardInterrupt):
            ready = partial(_say_ready, started_s, server.address(settings))
            sys.exit(server.keep_running(settings, ready))


def _fill(settings: Settings, urls: database.Urls, started_s: float, *, empty: bool) -> None:
    """Store the sample and the administrator's key of a new registry, which only the owner may."""
    is_empty = asyncio.run(is_new(urls.role))
    asyncio.run(_demand_pepper(settings, urls.role))
    if urls.owner is not None:
        if is_empty and not empty:
            from registry.cli import seed  # takes a second, which later starts save

            _say(started_s, "storing the plan documents and the demonstration")
            seed.first(urls.owner)
        key.first(settings, urls.owner)
    elif settings.admin_key is not None:
        raise SettingsError(f"REGISTRY_ADMIN_KEY is stored by the owner of the database: set {OWNER_SETTING}")
    elif is_empty:
        click.echo(
            f"the registry is empty: run `registry init` or `registry seed` with {OWNER_SETTING}", err=True
        )


async def _demand_pepper(settings: Settings, role_url: str) -> None:
    async with database.writing(role_url) as writer:
        await demand_pepper(writer, key_pepper.peppers(settings))


def _say(started_s: float, step: str) -> None:
    click.echo(f"registry: [{time.monotonic() - started_s:3.0f} s] {step}", err=True)


def _say_ready(started_s: float, address: str) -> None:
    click.echo(f"ready on {address} after {time.monotonic() - started_s:.1f} s", err=True)


def _free_port(host: str, port: int) -> int:
    """The port, or a free one for 0; PortTaken when the server could not listen on it."""
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

"""`registry serve`: opens the database, fills a new registry, and runs the server."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

import click
import msgspec

from registry.cli import key
from registry.jobs import owner_chores
from registry.runtime import database, key_pepper, metrics, server
from registry.runtime.connections import raise_file_limit
from registry.runtime.listening import AddressTaken, HandOver, Predecessor, open_socket, passed_socket
from registry.runtime.settings import Settings, SettingsError, demand_safe, read
from registry.services.access.pepper_in_use import demand_pepper
from registry.store.database.probe import OWNER_SETTING, is_new


class PortTaken(click.ClickException):
    """The server cannot listen on the address."""


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes.")
@click.option(
    "--take-over", is_flag=True, help="Replace the server that runs here, refusing nobody. 平滑接管。"
)
@click.option("--empty", is_flag=True, help="Leave a new registry empty, for `registry init`. 不载入示例。")
def command(empty: bool, take_over: bool, **options: str | int | None) -> None:
    """Serve the registry until Ctrl-C or SIGTERM. 启动服务。"""
    started_s = time.monotonic()
    settings = msgspec.structs.replace(
        read(os.environ), **{name: value for name, value in options.items() if value is not None}
    )
    demand_safe(settings)
    address = _address(settings, take_over=take_over)
    settings = msgspec.structs.replace(settings, port=address.port)
    _, files = raise_file_limit()
    is_embedded = settings.database_url is None
    _say(started_s, "starting the database and bringing its schema up to date")
    with database.opened(settings) as urls:
        _fill(settings, urls, started_s, empty=empty)
        _say(started_s, f"starting the server, which may have {files} files and connections open")
        settings = msgspec.structs.replace(settings, database_url=urls.role, owner_url=None, admin_key=None)
        signal.signal(signal.SIGTERM, partial(_interrupt, address))
        own = [owner_chores.rotation(settings)]
        own += owner_chores.chores(settings, urls.owner) if is_embedded and urls.owner else []
        with metrics.shared_directory(), owner_chores.done_beside(own), suppress(KeyboardInterrupt):
            ready = partial(_on_ready, started_s, server.address(settings), address)
            sys.exit(server.keep_running(settings, address.socket, ready))


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


def _interrupt(address: "_Address", number: int, frame: FrameType | None) -> None:
    """End; the next server may have the sockets at once, without being told to take over."""
    if address.right is not None:
        address.right.is_ending = True
    signal.default_int_handler(number, frame)


def _say(started_s: float, step: str) -> None:
    click.echo(f"registry: [{time.monotonic() - started_s:3.0f} s] {step}", err=True)


def _on_ready(started_s: float, url: str, address: "_Address") -> None:
    address.offer(lambda: os.kill(os.getpid(), signal.SIGTERM))
    click.echo(f"ready on {url} after {time.monotonic() - started_s:.1f} s", err=True)


class _Address:
    """The address of the server: its socket, and the right to hand that over."""

    def __init__(self, settings: Settings, *, take_over: bool) -> None:
        host, port = settings.host, settings.port
        passed = passed_socket()
        self.right = HandOver.claim(host, port) if port and passed is None else None
        self._predecessor = Predecessor(host, port) if port and not (passed or self.right) else None
        self._is_offered = False
        if self._predecessor is not None:
            self.socket = self._predecessor.take(even_if_it_goes_on=take_over)
        else:
            self.socket = passed or open_socket(host, port)
        self.port = int(self.socket.getsockname()[1])

    def offer(self, stop: Callable[[], None]) -> None:
        """Now that the server is ready: end the one before, and be ready for the next."""
        if self._predecessor is not None:
            self.right, self._predecessor = self._predecessor.stop(), None
        if self.right is not None and not self._is_offered:
            self.right.offer(self.socket, stop)
            self._is_offered = True


def _address(settings: Settings, *, take_over: bool) -> _Address:
    """The address; PortTaken when the server cannot listen on it."""
    try:
        return _Address(settings, take_over=take_over)
    except (AddressTaken, OSError) as error:
        reason = str(error) if isinstance(error, AddressTaken) else (error.strerror or str(error)).lower()
        where = f"{settings.host} port {settings.port}"
        raise PortTaken(f"{where} cannot be listened on: {reason}; choose another with --port") from None

"""`registry key`: make, list, rotate and revoke machine keys."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar, get_args

import click
from rich.console import Console
from rich.table import Table

from registry.domain.access.actor import Role
from registry.domain.access.pepper import pepper_id
from registry.runtime import database, key_pepper
from registry.runtime.settings import Settings, read
from registry.services.access import keys
from registry.services.access.pepper_in_use import demand_known, demand_pepper
from registry.services.access.pepper_in_use import rotate_pepper as take_into_use
from registry.store.database.pool import Writer

R = TypeVar("R")
ROLES = [role for role in get_args(Role) if role != "public"]
ONCE = "shown once, kept nowhere; send it as: Authorization: Bearer KEY   仅显示一次"
Until = click.option(
    "--expires", type=click.DateTime(["%Y-%m-%d"]), help="First day (UTC) on which it is refused. 失效日期。"
)


@click.group()
def command() -> None:
    """Keys for machines and people without a login. 管理访问密钥。"""


@command.command()
@click.option("--holder", required=True, help="Who will use it; appears in history. 持有者。")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--place", "places", multiple=True, help="Code of a place the role holds for; repeatable.")
@click.option("--everywhere", is_flag=True, help="The role holds for every place.")
@Until
def create(
    holder: str, role: Role, places: tuple[str, ...], everywhere: bool, expires: datetime | None
) -> None:
    """Make a key for a new holder and print it. 新建密钥。"""
    if role in ("field", "planner") and not places and not everywhere:
        raise click.UsageError(f"a {role} key names its places with --place, or says --everywhere")

    async def work(writer: Writer, secret: bytes) -> str:
        return await keys.create_key(
            writer, secret, holder=holder, role=role, now=_now(), places=places, expires_at=_aware(expires)
        )

    _print(_run(work))


@command.command()
@click.argument("holder")
@Until
def rotate(holder: str, expires: datetime | None) -> None:
    """Print a second key for HOLDER; both work until one is revoked. 轮换密钥。"""

    async def work(writer: Writer, secret: bytes) -> str:
        return await keys.rotate_key(writer, secret, holder, now=_now(), expires_at=_aware(expires))

    _print(_run(work))


@command.command("list")
def list_keys() -> None:
    """Show every key without its secret. 列出密钥。"""
    table = Table("key", "holder 持有者", "role 角色", "places 地区", "state 状态", "expires", "last used")
    for key in _run(lambda writer, _: keys.list_keys(writer)):
        state = "active" if key.is_active(_now()) else "revoked" if key.revoked_at else "expired"
        times = (_text(key.expires_at), _text(key.last_used_at))
        table.add_row(key.id, key.holder, key.role, ", ".join(key.places) or "all", state, *times)
    Console().print(table)


@command.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End the key KEY_ID for good. 吊销密钥。"""
    _run(lambda writer, _: keys.revoke_key(writer, key_id))
    click.echo(f"revoked {key_id}; servers stop accepting it within seconds")


@command.command("rotate-pepper")
def rotate_pepper() -> None:
    """Take a new key pepper into use; keys, seals and cursors of before stay good. 更换密钥盐。

    The data directory gets a new one. With REGISTRY_KEY_PEPPER, put the new one there and the old one into
    REGISTRY_FORMER_KEY_PEPPERS, on every host, before you run this.
    """
    settings = read(os.environ)

    async def run(url: str) -> str:
        async with database.writing(url) as writer:
            peppers = key_pepper.peppers(settings)
            if await demand_known(writer, peppers) == pepper_id(peppers.current):
                peppers = key_pepper.renew(settings)
            return await take_into_use(writer, peppers)

    with database.owned(settings) as url:
        click.echo(f"the key pepper {asyncio.run(run(url))} is in use; restart the servers")


def first(settings: Settings, url: str) -> None:
    """Store the administrator's key of the settings, or make and print the first one."""
    peppers = key_pepper.peppers(settings)
    secret = peppers.current

    async def work() -> str | None:
        async with database.writing(url) as writer:
            await demand_pepper(writer, peppers)
            if settings.admin_key is None:
                return await keys.first_admin_key(writer, secret, _now())
            await keys.put_admin_key(writer, secret, settings.admin_key)
            return None

    if token := asyncio.run(work()):
        click.echo(f"administrator's key: {token}\n  ({ONCE})", err=True)


def _run(work: Callable[[Writer, bytes], Awaitable[R]]) -> R:
    settings = read(os.environ)

    async def run(url: str) -> R:
        async with database.writing(url) as writer:
            peppers = key_pepper.peppers(settings)
            await demand_pepper(writer, peppers)
            return await work(writer, peppers.current)

    with database.owned(settings) as url:
        return asyncio.run(run(url))


def _print(token: str) -> None:
    click.echo(token)
    click.echo(f"({ONCE})", err=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _aware(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC)


def _text(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M}"

"""`registry profile`: addresses and keys of registries, saved under names."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import click


class Profile(NamedTuple):
    """Where a registry is, and the key for it."""

    url: str
    key: str | None


def folder() -> Path:
    """Where profiles are kept, readable by their owner only."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "emergency-registry"


def saved() -> dict[str, Profile]:
    """The saved profiles by name; none when there is no file."""
    with suppress(FileNotFoundError):
        try:
            listed = json.loads((folder() / "profiles.json").read_text("utf-8"))
            return {name: Profile(one["url"], one.get("key")) for name, one in listed.items()}
        except (ValueError, KeyError, TypeError) as error:
            raise click.ClickException(f"{folder() / 'profiles.json'} cannot be read: {error}") from error
    return {}


def write(profiles: dict[str, Profile]) -> None:
    """Store the profiles in place of those before."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder() / "profiles.json"
    described = {name: one._asdict() for name, one in profiles.items()}
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(described, file, indent=1)


@click.group()
def command() -> None:
    """Save the address and the key of a registry under a name. 保存登记系统的地址和密钥。"""


@command.command()
@click.argument("name")
@click.option("--url", required=True, help="Its address, such as https://registry.example. 地址。")
@click.option("--key", help="The key of your office. 密钥。")
def save(name: str, url: str, key: str | None) -> None:
    """Save a registry as NAME; NAME `default` is used when none is given. 保存。"""
    write(saved() | {name: Profile(url, key)})
    click.echo(f"saved {name}: {url}")


@command.command("list")
def list_profiles() -> None:
    """List the saved registries, without their keys. 列出。"""
    for name, one in sorted(saved().items()):
        click.echo(f"{name}\t{one.url}\t{'with a key' if one.key else 'without a key'}")


@command.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget NAME. 删除。"""
    profiles = saved()
    if name not in profiles:
        raise click.ClickException(
            f"there is no profile {name}; saved: {', '.join(sorted(profiles)) or 'none'}"
        )
    write({other: one for other, one in profiles.items() if other != name})

"""The peppers of this host: settings, or a private file in the data directory, the one in use first."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

import msgspec

from registry.domain.access.pepper import Peppers
from registry.runtime.settings import Settings, SettingsError

NAME = "key-pepper"
MIN_CHARACTERS = 32


def of_settings(settings: Settings) -> Peppers | None:
    """The peppers that are settings; None without REGISTRY_KEY_PEPPER, SettingsError for a short one."""
    if settings.key_pepper is None:
        return None
    former = [one.strip() for one in (settings.former_key_peppers or "").split(",") if one.strip()]
    return Peppers(settings.key_pepper.encode(), tuple(one.encode() for one in former))


def peppers(settings: Settings) -> Peppers:
    """The peppers of this installation, made at the first use; SettingsError when they cannot be stored."""
    if found := of_settings(settings):
        if any(len(one) < MIN_CHARACTERS for one in found.every()):
            raise SettingsError(f"REGISTRY_KEY_PEPPER has fewer than {MIN_CHARACTERS} characters")
        return found
    path = settings.data_dir / NAME
    try:
        if not path.exists():
            with suppress(FileExistsError):
                os.link(draft := _draft(path, [_new()]), path)
            draft.unlink()
        current, *former = path.read_bytes().splitlines()
    except OSError as error:
        raise SettingsError(
            f"the key pepper cannot be kept in {path} ({error.strerror}); set REGISTRY_KEY_PEPPER"
        ) from None
    except ValueError:
        raise SettingsError(f"{path} holds no key pepper: put it back from a backup") from None
    return Peppers(current, tuple(former))


def is_kept(settings: Settings) -> bool:
    """Whether the data directory has a file of peppers."""
    return (settings.data_dir / NAME).exists()


def put_into(settings: Settings) -> Settings:
    """The settings with the peppers of this installation in them."""
    found = peppers(settings)
    former = b",".join(found.former).decode() or None
    return msgspec.structs.replace(settings, key_pepper=found.current.decode(), former_key_peppers=former)


def renew(settings: Settings) -> Peppers:
    """Put a new pepper before those of the file; with REGISTRY_KEY_PEPPER the operator has done so."""
    found = peppers(settings)
    if settings.key_pepper is not None:
        return found
    renewed = Peppers(_new(), tuple(found.every()))
    keep(settings, renewed)
    return renewed


def keep(settings: Settings, kept: Peppers) -> None:
    """Write these peppers into the file of the data directory, in the place of those that are there."""
    path = settings.data_dir / NAME
    _draft(path, list(kept.every())).replace(path)


def _new() -> bytes:
    return secrets.token_urlsafe(MIN_CHARACTERS).encode()


def _draft(path: Path, lines: list[bytes]) -> Path:
    """A private file beside `path` with these peppers, safely on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{NAME}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(b"\n".join(lines))
        file.flush()
        os.fsync(file.fileno())
    return draft

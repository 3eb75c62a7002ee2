"""The pepper that keys are hashed with: a setting, or a private file in the data directory."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from registry.runtime.settings import Settings, SettingsError

NAME = "key-pepper"
MIN_CHARACTERS = 32


def pepper(settings: Settings) -> bytes:
    """The pepper of this installation, made at the first use; SettingsError when it cannot be stored."""
    if settings.key_pepper is not None:
        if len(settings.key_pepper) < MIN_CHARACTERS:
            raise SettingsError(f"REGISTRY_KEY_PEPPER has fewer than {MIN_CHARACTERS} characters")
        return settings.key_pepper.encode()
    path = settings.data_dir / NAME
    try:
        if not path.exists():
            _make(path)
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"the key pepper cannot be kept in {path} ({error.strerror}); set REGISTRY_KEY_PEPPER"
        ) from None


def _make(path: Path) -> None:
    """Write a new pepper atomically, unless another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{NAME}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(MIN_CHARACTERS))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()

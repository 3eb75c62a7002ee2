"""The manifest of a backup: what it was taken of, by which everything restored is compared."""

from datetime import datetime

from msgspec import Struct

FORM = 1


class BackupFailed(Exception):
    """A backup could not be made or restored, in one sentence."""


class BackupFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a database holds: the counts of its rows, and its newest seal."""

    revision: str
    records: int
    past_versions: int
    changes: int
    observations: int
    places: int
    entries: int
    keys: int
    seals: int
    seal_hash: str
    pepper_id: str | None
    attachments: int | None = None
    """Pictures; None in a backup of a release that had none."""


class Manifest(Struct, frozen=True, kw_only=True):
    """What is in a backup; `files` are sizes in bytes and sha256 of each of its files by name."""

    form: int
    release: str
    taken_at: datetime
    postgresql: int
    facts: BackupFacts
    settings: dict[str, str]
    files: dict[str, tuple[int, str]]


def differences(expected: BackupFacts, actual: BackupFacts) -> list[str]:
    """Each fact that is not what it was, in words."""
    return [
        f"{name}: {getattr(actual, name)}, and the backup was taken of {getattr(expected, name)}"
        for name in BackupFacts.__struct_fields__
        if getattr(actual, name) != getattr(expected, name)
        and (name, getattr(expected, name)) != ("attachments", None)
    ]

"""Read the passphrase of a backup from a file."""

from pathlib import Path

from registry.domain.backup.sealed_pepper import MIN_CHARACTERS, WrongPassphrase


def read_passphrase(file: Path) -> str:
    """The first line of a file; WrongPassphrase for one that is too short to protect anything."""
    first = file.read_text("utf-8").partition("\n")[0].strip()
    if len(first) < MIN_CHARACTERS:
        raise WrongPassphrase(f"the first line of {file} has fewer than {MIN_CHARACTERS} characters")
    return first

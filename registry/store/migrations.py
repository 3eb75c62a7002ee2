"""Brings a database to the schema of this release."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def configuration(database_url: str) -> Config:
    """Alembic's configuration for the migrations beside the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("registry"))).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def upgrade(database_url: str) -> None:
    """Apply every migration that is missing; safe to call from several processes at once."""
    command.upgrade(configuration(database_url), "head")


def head() -> str:
    """The newest revision of this release."""
    revision = ScriptDirectory.from_config(configuration("")).get_current_head()
    if revision is None:
        raise RuntimeError("this release has no migrations")
    return revision

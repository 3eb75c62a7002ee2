"""The command line. Each command is a module of `registry.cli` that exports it as `command`."""

import gc
import importlib
import signal
import sys
from types import FrameType

import click

from registry import __version__
from registry.domain.access.pepper import WrongPepper
from registry.domain.backup.manifest import BackupFailed
from registry.domain.backup.sealed_pepper import WrongPassphrase
from registry.domain.errors import RegistryError
from registry.runtime.cluster import ClusterError
from registry.runtime.settings import SettingsError
from registry.store.database.probe import UnusableDatabase

COMMANDS = {
    "serve": "registry.cli.serve",
    "migrate": "registry.cli.migrate",
    "init": "registry.cli.init",
    "seed": "registry.cli.seed",
    **{
        name: f"registry.cli.remote.records:{name.replace('list', 'list_records')}"
        for name in (
            "list",
            "show",
            "search",
            "places",
            "history",
            "add",
            "edit",
            "status",
            "stock",
            "verify",
            "retire",
        )
    },
    "profile": "registry.cli.remote.profile",
    "import": "registry.cli.intake.import_file",
    "export": "registry.cli.intake.export",
    "report": "registry.cli.intake.report",
    "boundaries": "registry.cli.intake.boundaries",
    "coverage": "registry.cli.coverage",
    "nearest": "registry.cli.nearest",
    "covering": "registry.cli.covering",
    "situation": "registry.cli.situation",
    "check": "registry.cli.check",
    "render": "registry.cli.render",
    "plan": "registry.cli.plan",
    "key": "registry.cli.key",
    "doctor": "registry.cli.operate.doctor",
    "retain": "registry.cli.operate.retain",
    "backup": "registry.cli.operate.backup",
    "restore": "registry.cli.operate.restore",
    "verify-backup": "registry.cli.operate.verify_backup",
    "sync": "registry.cli.operate.sync",
    "basemap": "registry.cli.operate.basemap",
    "roads": "registry.cli.operate.roads",
    "terrain": "registry.cli.operate.terrain",
}
SENTENCES = (
    BackupFailed,
    ClusterError,
    RegistryError,
    SettingsError,
    UnusableDatabase,
    WrongPassphrase,
    WrongPepper,
)


class Lazy(click.Group):
    """A group that imports a command only when it is asked for."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names in the order in which the help shows them."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """The command of this name, imported now."""
        if name not in COMMANDS:
            return None
        gc.disable()  # modules live as long as the process: to look through them for garbage costs 0.1 s
        try:
            module, *attribute = COMMANDS[name].split(":")
            command: click.Command = getattr(
                importlib.import_module(module), attribute[0] if attribute else "command"
            )
        finally:
            gc.freeze()
            gc.enable()
        return command


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name=None, version=__version__, prog_name="registry")
def registry() -> None:
    """Where emergency resources are, what they cover, and how well that is known.

    应急资源登记：资源在哪里、覆盖多大范围、这些数据有多可靠。
    """


def main() -> None:
    """The `registry` program."""
    run(registry, "registry")


def run(command: click.Command, name: str | None = None) -> None:
    """Run a command under this name; an error that the caller can mend is one sentence and exit code 1."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        command(prog_name=name)
    except SENTENCES as error:
        click.echo(f"registry: {error}", err=True)
        sys.exit(1)


def _leave(number: int, _: FrameType | None) -> None:
    """End by an exception, so that everything that was opened is closed."""
    sys.exit(128 + number)

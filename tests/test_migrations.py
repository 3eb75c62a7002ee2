"""The migrations make exactly the schema that the code declares, both ways."""

from alembic import command

from registry.store import migrations


def test_nothing_differs_from_the_tables(new_database) -> None:
    command.check(migrations.configuration(new_database()))


def test_down_and_up_again(new_database) -> None:
    config = migrations.configuration(new_database())
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)

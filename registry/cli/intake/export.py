"""`registry export`."""

import asyncio
import os
from pathlib import Path

import click

from registry.cli import run
from registry.cli.progress import bars
from registry.domain.access.actor import SYSTEM, sight_of
from registry.domain.conditions import Filter
from registry.domain.intake.files.drill import file_name
from registry.domain.intake.lists.list_kind import FILE_KINDS, LIST_KINDS, FileKind, list_label
from registry.domain.intake.out.workbook import KIND_NAMES
from registry.domain.records.resource import Exercise
from registry.runtime import database, settings
from registry.services.intake.out.make_workbook import make_list_workbook, make_workbook

OUT = click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write. 输出文件。")


@click.command()
@click.option("--kind", type=click.Choice(FILE_KINDS), required=True, help="What to export. 类别。")
@click.option("--place", help="With the records of this place. 地方代码。")
@click.option("--empty", is_flag=True, help="The empty workbook to fill in. 空白模板。")
@OUT
@run.EXERCISE
def command(kind: FileKind, place: str | None, empty: bool, out: Path | None, exercise: str | None) -> None:
    """Write the workbook of a kind; brought back by `import`, nothing changes. 导出工作簿。"""
    drill = run.read(exercise, Exercise | None)
    named = "模板" if empty else (place or "全部")
    label = list_label(kind).partition(" ")[0] if kind in LIST_KINDS else KIND_NAMES[kind]  # type: ignore[index]
    path = out or Path(file_name(f"{label}-{named}.xlsx", drill))
    wanted = None if empty else Filter(kind=kind, place=place)  # type: ignore[arg-type]
    chosen = settings.read(os.environ)
    with database.migrated(chosen) as url, bars() as advance:

        async def work() -> bytes:
            async with database.writing(url) as reader:
                if kind in LIST_KINDS:
                    sight = sight_of(SYSTEM, drill)
                    return await make_list_workbook(reader, sight, SYSTEM, kind, place=place, empty=empty)
                return await make_workbook(reader, sight_of(SYSTEM, drill), SYSTEM, kind, wanted, advance)  # type: ignore[arg-type]

        content = asyncio.run(work())
    path.write_bytes(content)
    click.echo(str(path))

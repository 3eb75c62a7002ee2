"""`registry init`: start an empty registry for a district, province or country."""

import json
import os
from pathlib import Path

import click
import msgspec

from registry.cli.seed import watched
from registry.domain.errors import Invalid
from registry.domain.places.jurisdiction import RegistryJurisdiction
from registry.domain.places.place import PlaceDraft
from registry.domain.values import Name
from registry.runtime import data_files, database, settings
from registry.services.places.jurisdiction import (
    CHINESE_SCHEMES,
    InitialisedRegistry,
    initialise,
    read_places,
)
from registry.services.progress import Advance
from registry.store.database.pool import Writer

DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09", "unknown")
VOCABULARIES = ("cn", "plain")
LAST_ALPHABET = 0x2E7F


@click.command()
@click.option("--name", required=True, help="Name of the district, in English or Chinese. 名称。")
@click.option("--name-zh", help="Its Chinese name, when --name is English. 中文名称。")
@click.option("--name-en", help="Its English name, when --name is Chinese. 英文名称。")
@click.option("--root", required=True, help="Code of its place, such as 510104 or 06037. 行政区划代码。")
@click.option(
    "--levels",
    default="province,prefecture,district,management_area,town,community,village,grid,building",
    show_default=True,
    help="Levels of its places, the widest first; your own words are welcome. 地方层级。",
)
@click.option("--languages", default="zh-Hans,en", show_default=True, help="Language tags. 语言。")
@click.option("--tz", default="UTC", show_default=True, help="Time zone, such as Asia/Shanghai. 时区。")
@click.option("--area-code", help="Telephone area code. 电话区号。")
@click.option(
    "--datum", type=click.Choice(DATUMS), default="wgs84", show_default=True, help="Of your lists. 坐标系。"
)
@click.option(
    "--places",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="GeoJSON of its places: each with id, properties.name and properties.level. 地方与边界。",
)
@click.option(
    "--vocab", type=click.Choice(VOCABULARIES), default="cn", show_default=True, help="Vocabulary. 词表。"
)
def command(
    name: str,
    name_zh: str | None,
    name_en: str | None,
    root: str,
    levels: str,
    languages: str,
    tz: str,
    area_code: str | None,
    datum: str,
    places: Path | None,
    vocab: str,
) -> None:
    """Start an empty registry for your own district; `serve` adds nothing to it. 为本区建立空白登记系统。"""
    names = msgspec.to_builtins(_name(name, name_zh, name_en))
    body = {"name": names, "root": root, "languages": _parts(languages), "tz": tz}
    jurisdiction = _jurisdiction(body | {"area_code": area_code, "datum": datum})
    drafts: dict[str, PlaceDraft] = read_places(places.read_bytes()) if places is not None else {}

    async def work(writer: Writer, _: Advance) -> InitialisedRegistry:
        return await initialise(writer, jurisdiction, _parts(levels), drafts, _codes(vocab))

    with database.owned(settings.read(os.environ)) as url:
        _show(name, watched(url, work))


def _jurisdiction(body: dict[str, object]) -> RegistryJurisdiction:
    try:
        return msgspec.convert(body, RegistryJurisdiction)
    except msgspec.ValidationError as error:
        raise Invalid(f"the jurisdiction cannot be used: {error}") from error


def _name(name: str, zh: str | None, en: str | None) -> Name:
    """`name` counts as Chinese when it has a character beyond the alphabets."""
    is_chinese = any(ord(character) > LAST_ALPHABET for character in name)
    return Name(zh or (name if is_chinese else None), en or (None if is_chinese else name))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _codes(vocab: str) -> list[dict[str, object]]:
    """The rows of the vocabulary; `plain` has none of the schemes of Chinese standards."""
    rows = json.loads((data_files.folder("seeds") / "vocabularies.json").read_text("utf-8"))
    return [
        row | {"label_zh": row["label"]["zh"], "label_en": row["label"]["en"], "source": None}
        for row in rows
        if row["subject"] != "place_level" and (vocab == "cn" or row["scheme"] not in CHINESE_SCHEMES)
    ]


def _show(name: str, stored: InitialisedRegistry) -> None:
    click.echo(f"{name}: {stored.places} places, {stored.codes} coded values; `registry serve` opens it")
    for one in stored.findings:
        click.echo(f"warning: {one.value}: {one.message.en}")
    for missing in stored.missing[:20]:
        click.echo(f"missing: {missing}; until it is loaded, checks of a point there cannot be evaluated")

"""Records over HTTP: list, show, add, edit, retire, report, verify, count, look back."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from registry.cli.remote.output import Printed, named, show_rows, target_options
from registry.cli.remote.session import Session, Target, session
from registry.cli.remote.words import KindType, members

RECORD = click.argument("record")
SET = click.option(
    "--set", "stated", multiple=True, metavar="NAME=VALUE",
    help="A member, such as capacity_persons=800, level=镇级 or hazards=flood,heat. 字段=值。",
)  # fmt: skip
REASON = click.option("--reason", help="Why; kept in the history. 原因。")


def columns(target: Target) -> list[Printed]:
    """The columns of a list of records."""

    def properties(name: str) -> Any:
        return lambda record: record["properties"].get(name)

    return [
        Printed("标识", "id", lambda record: record["id"]),
        Printed("类别", "kind", properties("kind")),
        Printed("名称", "name", lambda record: named(record["properties"], target.language)),
        Printed("所在地", "place", properties("place")),
        Printed("位置", "position", _position),
        Printed("阶段", "stage", properties("lifecycle")),
        Printed("版本", "version", properties("version")),
    ]


def _position(record: dict[str, Any]) -> str:
    quality = record["properties"]["location"]["quality"]
    if record["geometry"] is None:
        return str(quality)
    lon, lat = record["geometry"]["coordinates"]
    return f"{lon:.6f},{lat:.6f} {quality}"


@click.command("list")
@click.option("--kind", type=KindType(), help="Of this kind. 类别。")
@click.option("--place", help="In this place, by code or name. 所在地。")
@click.option(
    "--where", multiple=True, metavar="NAME=VALUE", help="A condition (reference/conditions). 条件。"
)
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="数量。")
@target_options
def list_records(
    target: Target, kind: str | None, place: str | None, where: tuple[str, ...], limit: int
) -> None:
    """List records. 列出资源。"""
    conditions = dict(one.partition("=")[::2] for one in where)
    with session(target) as open_session:
        code = open_session.code_of_place(place)
        first, records = open_session.pages(
            "/v1/resources", "features", limit, kind=kind, place=code, **conditions
        )
        show_rows(target, first | {"features": records}, records, columns(target))
        if target.form == "table":
            _say_completeness(target, first)


def _say_completeness(target: Target, answer: dict[str, Any]) -> None:
    """Under a list on a terminal or in a file stands what it is worth."""
    if none := answer.get("none"):
        click.echo(none if isinstance(none, str) else none[target.language])
    listing = answer["completeness"]
    told = {
        "zh": "清单 {state}，已列 {listed}，有位置 {located}",
        "en": "list {state}, {listed} listed, {located} located",
    }
    click.echo(told[target.language].format(**listing))


@click.command()
@RECORD
@target_options
def show(target: Target, record: str) -> None:
    """Show one RECORD, by identity or name, whole. 查看一条记录。"""
    with session(target) as open_session:
        _print(target, open_session.get(f"/v1/resources/{open_session.identity_of(record)}"))


def _print(target: Target, record: dict[str, Any]) -> None:
    rows = sorted(record["properties"].items())
    rows = [("id", record["id"]), ("geometry", record["geometry"]), *rows]
    shown = [(name, value) for name, value in rows if value not in (None, [], {})]
    as_text = [
        Printed("字段", "member", lambda one: one[0]),
        Printed("值", "value", lambda one: _value(one[1])),
    ]
    show_rows(target, record, shown, as_text)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@click.command()
@click.option("--kind", type=KindType(), help="What it is. 类别。")
@click.option("--name", help="Its name in Chinese. 名称。")
@click.option("--name-en", help="Its name in English. 英文名称。")
@click.option("--place", help="Where it belongs, by code or name. 所在地。")
@click.option("--at", nargs=2, type=float, metavar="LON LAT", help="Where it is, degrees. 经度 纬度。")
@click.option("--uncertainty-m", type=float, help="How far off the position may be, metres. 误差。")
@click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A Feature."
)
@SET
@REASON
@target_options
def add(
    target: Target, kind: str | None, name: str | None, name_en: str | None, place: str | None,
    at: tuple[float, float] | None, uncertainty_m: float | None, path: Path | None, stated: tuple[str, ...],
    reason: str | None,
) -> None:  # fmt: skip
    """Record a new resource, from options or from the Feature in a file. 登记新资源。"""
    if path is None and (kind is None or not (name or name_en)):
        raise click.UsageError("give --kind and --name, or --file")
    with session(target) as open_session:
        if path is not None:
            body = _read(path)
        else:
            properties: dict[str, Any] = {"kind": kind, "name": {"zh": name, "en": name_en}}
            if place is not None:
                properties["place"] = open_session.code_of_place(place)
            if at is not None:
                properties["location"] = {"quality": "surveyed", "uncertainty_m": uncertainty_m}
            geometry = None if at is None else {"type": "Point", "coordinates": list(at)}
            body = {"type": "Feature", "geometry": geometry, "properties": properties | members(stated)}
        params = {} if reason is None else {"reason": reason}
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        made = open_session.ask("POST", "/v1/resources", json=body, params=params, headers=headers)
        _print(target, made.json())


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise click.ClickException(f"{path} is no JSON in UTF-8: {error}") from error


@click.command()
@RECORD
@SET
@REASON
@target_options
def edit(target: Target, record: str, stated: tuple[str, ...], reason: str | None) -> None:
    """Change members of RECORD as it is now; somebody else's edit meanwhile is not overwritten. 修改。"""
    if not stated:
        raise click.UsageError("say what changes: --set NAME=VALUE")
    with session(target) as open_session:
        identity = open_session.identity_of(record)
        now = open_session.ask("GET", f"/v1/resources/{identity}")
        params = {} if reason is None else {"reason": reason}
        changed = open_session.ask(
            "PATCH", f"/v1/resources/{identity}", json={"properties": members(stated)}, params=params,
            headers={"If-Match": now.headers["etag"]},
        )  # fmt: skip
        _print(target, changed.json())


@click.command()
@RECORD
@click.option("--reason", required=True, help="Why; kept in the history. 原因。")
@target_options
def retire(target: Target, record: str, reason: str) -> None:
    """Take RECORD out of service for good; it can be restored. 注销。"""
    with session(target) as open_session:
        identity = open_session.identity_of(record)
        headers = {"If-Match": "*"}
        retired = open_session.ask(
            "DELETE", f"/v1/resources/{identity}", params={"reason": reason}, headers=headers
        )
        _print(target, retired.json())


@click.command()
@RECORD
@SET
@click.option("--observed-at", help="When it was seen (RFC 3339); now unless stated. 观察时间。")
@target_options
def status(target: Target, record: str, stated: tuple[str, ...], observed_at: str | None) -> None:
    """Report the state of RECORD: readiness=待命, opening=开放, occupancy_persons=120. 报告状态。"""
    body = {"observed_at": observed_at or _now()} | members(stated)
    _report(target, record, "status", body)


@click.command()
@RECORD
@click.option("--how", required=True, help="How one knows. 核实方式。")
@target_options
def verify(target: Target, record: str, how: str) -> None:
    """Confirm that RECORD is still true. 核实。"""
    _report(target, record, "verification", {"how": how})


@click.command()
@RECORD
@click.option("--item", required=True, help="Code of the item. 物资代码。")
@click.option("--count", "counted", type=float, help="The quantity that was counted. 清点数量。")
@click.option("--change", type=float, help="By how much it changed, negative when it went out. 出入库。")
@click.option("--unit", help="The unit of the line. 单位。")
@click.option("--observed-at", help="When (RFC 3339); now unless stated. 时间。")
@target_options
def stock(
    target: Target, record: str, item: str, counted: float | None, change: float | None, unit: str | None,
    observed_at: str | None,
) -> None:  # fmt: skip
    """Report a count or a movement of a stock line of the depot RECORD. 清点或出入库。"""
    if (counted is None) == (change is None):
        raise click.UsageError("give either --count or --change")
    scheme, _, code = item.rpartition(":")
    line = {"item_code": code} | ({"scheme": scheme} if scheme else {}) | ({"unit": unit} if unit else {})
    body: dict[str, Any] = {"observed_at": observed_at or _now()}
    if counted is not None:
        body["counts"] = [line | {"quantity": counted}]
    else:
        body["movements"] = [line | {"change": change}]
    _report(target, record, "stock", body)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _report(target: Target, record: str, what: str, body: dict[str, Any]) -> None:
    with session(target) as open_session:
        path = f"/v1/resources/{open_session.identity_of(record)}/{what}"
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        _print(target, open_session.ask("POST", path, json=body, headers=headers).json())


@click.command()
@RECORD
@target_options
def history(target: Target, record: str) -> None:
    """What was done to RECORD, when, by whom and why, latest first. 历史。"""
    with session(target) as open_session:
        answer = open_session.get(f"/v1/resources/{open_session.identity_of(record)}/history")
        rows = answer["changes"]
        shown = [
            Printed("时间", "at", lambda one: one["at"]),
            Printed("操作", "what", lambda one: one["verb"]),
            Printed("人员", "who", lambda one: one.get("actor")),
            Printed("原因", "why", lambda one: one.get("reason")),
            Printed("字段", "members", _changed),
        ]
        show_rows(target, answer, rows, shown)


def _changed(change: dict[str, Any]) -> str:
    before = (change.get("before") or {}).get("properties", {})
    after = (change.get("after") or {}).get("properties", {})
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return ", ".join(name for name in names if name not in ("version", "updated_at"))


@click.command()
@click.argument("text")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="数量。")
@target_options
def search(target: Target, text: str, limit: int) -> None:
    """Find records by a part of their name, Chinese or English. 按名称查找。"""
    with session(target) as open_session:
        first, records = _found(open_session, text, limit)
        show_rows(target, first | {"features": records}, records, columns(target))


def _found(open_session: Session, text: str, limit: int) -> tuple[dict[str, Any], list[Any]]:
    return open_session.pages("/v1/resources", "features", limit, q=text)


@click.command()
@click.option("--under", help="Anywhere under this place, by code or name. 上级。")
@click.option("--level", help="Of this level, such as town. 级别。")
@click.option("--name", help="A part of the name. 名称。")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="数量。")
@target_options
def places(target: Target, under: str | None, level: str | None, name: str | None, limit: int) -> None:
    """List places with their codes. 列出地方及代码。"""
    with session(target) as open_session:
        code = open_session.code_of_place(under)
        first, found = open_session.pages("/v1/places", "features", limit, under=code, level=level, q=name)
        shown = [
            Printed("代码", "code", lambda one: one["id"]),
            Printed("名称", "name", lambda one: named(one["properties"], target.language)),
            Printed("级别", "level", lambda one: one["properties"]["level"]),
            Printed("上级", "parent", lambda one: one["properties"]["parent"]),
            Printed("范围依据", "extent", lambda one: one["properties"]["extent_basis"]),
        ]
        show_rows(target, first | {"features": found}, found, shown)

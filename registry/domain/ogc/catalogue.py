"""The collections of the OGC API, with their properties."""

from typing import Any, Literal, get_args

from msgspec import Struct, structs

from registry.domain.conditions import Conditions, declared, literal_values
from registry.domain.errors import NotFound
from registry.domain.records import resource
from registry.domain.records.resource import Kind

Type = Literal["string", "integer", "number", "date", "date-time", "strings"]
Holds = Literal["located", "unlocated", "places", "footprints", "zones", "stock"]
SEPARATOR = "; "
"""Between the members of a list where a format has no lists."""


class Property(Struct, frozen=True, kw_only=True):
    """One property of a collection's features, under one name in every format.

    A `read_only` one is ignored or refused when it is written. Tiles leave out what is not `in_tiles`.
    """

    name: str
    type: Type
    zh: str
    en: str
    values: tuple[str, ...] = ()
    unit: str | None = None
    subjects: tuple[str, ...] = ()
    """What its values are codes of: places, or subjects of the vocabulary."""
    read_only: bool = False
    in_tiles: bool = True

    @property
    def title(self) -> str:
        """Both names."""
        return f"{self.en} · {self.zh}"

    @property
    def is_scalar(self) -> bool:
        """Whether it has one value, which can be compared and sorted by."""
        return self.type != "strings"


class Collection(Struct, frozen=True, kw_only=True):
    """A named set of features of one type."""

    id: str
    zh: str
    en: str
    about: str
    holds: Holds
    geometry: Literal["point", "polygon", "areas", "any", "none"]
    properties: tuple[Property, ...]
    kind: Kind | None = None

    @property
    def title(self) -> str:
        """Both names."""
        return f"{self.en} · {self.zh}"

    @property
    def is_drawn(self) -> bool:
        """Whether its features have a geometry."""
        return self.geometry != "none"

    @property
    def is_tiled(self) -> bool:
        """Whether it has tiles. Stock lines have none: all of a depot lie on one point."""
        return self.is_drawn and self.holds != "stock"

    @property
    def is_written(self) -> bool:
        """Whether clients may write features of it."""
        return self.kind is not None or self.holds == "unlocated"

    @property
    def by_name(self) -> dict[str, Property]:
        """Its properties by name."""
        return {item.name: item for item in self.properties}


def _text(name: str, zh: str, en: str, values: object = None, **more: Any) -> Property:
    return Property(name=name, type="string", zh=zh, en=en, values=get_args(values) if values else (), **more)


def _moment(name: str, zh: str, en: str, **more: Any) -> Property:
    return Property(name=name, type="date-time", zh=zh, en=en, **more)


def _day(name: str, zh: str, en: str) -> Property:
    return Property(name=name, type="date", zh=zh, en=en)


def _count(name: str, zh: str, en: str, **more: Any) -> Property:
    return Property(name=name, type="integer", zh=zh, en=en, **more)


def _number(name: str, zh: str, en: str, unit: str | None = None, **more: Any) -> Property:
    return Property(name=name, type="number", zh=zh, en=en, unit=unit, **more)


def _list(name: str, zh: str, en: str, *subjects: str, **more: Any) -> Property:
    return Property(name=name, type="strings", zh=zh, en=en, subjects=subjects, **more)


def _place(name: str, zh: str, en: str) -> Property:
    return Property(name=name, type="string", zh=zh, en=en, subjects=("place",))


def _condition(name: str, condition: str | None = None) -> Property:
    """A property with the words and values of the condition on it."""
    declaration = declared(Conditions)[condition or name]
    return Property(
        name=name, type="string", zh=declaration.zh, en=declaration.en, values=declaration.choices
    )


def _conditions(record: type[Struct]) -> tuple[Property, ...]:
    """The codes of a kind of record that are conditions, with the values that the record may have."""
    kind = record.__struct_config__.tag
    values = {field.name: literal_values(field.type) for field in structs.fields(record)}
    names = [
        name
        for name, declaration in declared(Conditions).items()
        if kind in declaration.kinds and values.get(name)
    ]
    return tuple(structs.replace(_condition(name), values=values[name]) for name in names)


_NAMES = (
    _text("name", "名称", "Name, Chinese where there is one"),
    _text("name_zh", "中文名称", "Name in Chinese"),
    _text("name_en", "英文名称", "Name in English"),
)
_PLACED = (
    _condition("location_quality", "quality"),
    _number("uncertainty_m", "位置误差", "Uncertainty of the place", "m"),
)
_SHARED = (
    _condition("kind"),
    *_NAMES,
    _place("place", "所在地代码", "Code of the place"),
    _text("manager", "管理单位", "Managing organisation"),
    _condition("lifecycle"),
    _moment("valid_from", "有效期起", "Valid from"),
    _moment("valid_to", "有效期止", "Valid to"),
    *_PLACED,
    _list("candidate_places", "可能所在地", "Codes of the places where it may be", "place", in_tiles=False),
    _text("datum", "原坐标基准", "Datum of the position as it came", resource.Datum, in_tiles=False),
    _text("location_source", "位置来源", "Source of the position", in_tiles=False),
    _list("sources", "来源", "Sources: reference locator date confidence", read_only=True, in_tiles=False),
    _moment("verified_at", "核实时间", "Verified at", read_only=True),
    _text("verified_by", "核实人", "Verified by", read_only=True, in_tiles=False),
    _text("visibility", "可见范围", "Visibility", resource.Visibility),
    _list("external_ids", "外部编号", "Identities in other systems as system:id", in_tiles=False),
    _text("exercise", "演练", "Exercise, empty in real life", read_only=True),
    _text("note", "备注", "Note", in_tiles=False),
    _count("version", "版本", "Version", read_only=True),
    _moment("created_at", "登记时间", "Created at", read_only=True),
    _moment("updated_at", "更新时间", "Updated at", read_only=True),
)
_TEAM = (
    *_conditions(resource.RescueTeam),
    _list("specialties", "专长", "Specialties as scheme:code", "specialty"),
    _count("personnel", "人数", "Personnel"),
    _list("vehicles", "车辆", "Vehicles as name×count", in_tiles=False),
    _list("equipment", "装备", "Equipment as name×count", in_tiles=False),
    _moment(
        "last_seen_at",
        "最近位置时间",
        "Time of the last reported position, which is the geometry",
        read_only=True,
    ),
    _number(
        "last_seen_accuracy_m", "最近位置误差", "Accuracy of the last reported position", "m", read_only=True
    ),
    _moment("status_at", "状态时间", "Status as of"),
)
_SHELTER = (
    *_conditions(resource.Shelter),
    _text("duration", "避难时长", "Duration", resource.Duration),
    _text("space", "室内外", "Indoor or outdoor", resource.Space),
    _list("hazards", "适用灾种", "Hazards as scheme:code", "hazard"),
    _list("amenities", "设施", "Amenities as scheme:code", "amenity"),
    _count("capacity_persons", "容量", "Capacity in persons"),
    _list(
        "capacities",
        "分项容量",
        "Capacities as space=persons, scheme:hazard=persons or space/scheme:hazard=persons",
        in_tiles=False,
    ),
    _count("occupancy_persons", "现有人数", "Persons inside"),
    _moment("occupancy_at", "人数时间", "Occupancy as of"),
    _number("area_m2", "面积", "Area", "m2"),
    _text("hours", "开放时间", "Opening hours", in_tiles=False),
    _moment("status_at", "状态时间", "Status as of"),
)
_WATCH = (
    *_conditions(resource.FireWatchPoint),
    _number("watch_radius_m", "瞭望半径", "Watch radius", "m"),
    _number("eye_height_m", "瞭望高度", "Height of the eye above the ground", "m"),
    _number("sector_from_deg", "扇区起", "Sector from", "deg"),
    _number("sector_to_deg", "扇区止", "Sector to", "deg"),
    _moment("status_at", "状态时间", "Status as of"),
)
_DEPOT = (
    *_conditions(resource.SupplyDepot),
    _count("serves_persons", "可保障人数", "Persons it can serve"),
    _text("parent_depot", "上级库", "Parent depot"),
    _list(
        "stock_items",
        "储备物资",
        "Items in stock as scheme:code; amounts are in stock-lines",
        read_only=True,
        in_tiles=False,
    ),
)
_TELEPHONE = _text("telephone", "电话", "Telephones that the reader may see", read_only=True, in_tiles=False)
_PLACE = (
    _text("code", "代码", "Code"),
    *_NAMES,
    _text("level", "级别", "Level"),
    _place("parent", "上级", "Parent"),
    _text("list_version", "代码表版本", "Version of the code list"),
    _text("extent_basis", "范围依据", "What the polygon rests on"),
    _number("extent_radius_m", "范围半径", "Radius of the extent", "m"),
    _place("extent_from", "范围所属", "Place whose extent bounds this one"),
    _number("point_uncertainty_m", "代表点误差", "Uncertainty of the representative point", "m"),
    _place("partner_of", "协作区县", "Partner place that holds this one"),
    _day("valid_from", "有效期起", "Valid from"),
    _day("valid_to", "有效期止", "Valid to"),
    _text("source", "来源", "Source", in_tiles=False),
)
_ZONE = (
    *_NAMES,
    _text("kind", "类别", "Kind"),
    _text("road", "道路", "Road"),
    _number("from_km", "起点桩号", "From chainage", "km"),
    _number("to_km", "止点桩号", "To chainage", "km"),
    _count("version", "版本", "Version"),
    _moment("updated_at", "更新时间", "Updated at"),
)
_FOOTPRINT = (
    *_NAMES,
    _place("place", "所在地代码", "Code of the place"),
    _condition("lifecycle"),
    _condition("operational"),
    _number("watch_radius_m", "瞭望半径", "Watch radius", "m"),
    _text("exercise", "演练", "Exercise, empty in real life"),
    _text("drawing", "绘制方式", "How it is drawn"),
    _number("drawing_error_m", "绘制误差上限", "The drawn line lies at most so far inside the true one", "m"),
)
_STOCK = (
    _text("name", "物资", "Item"),
    _text("scheme", "分类标准", "Scheme of the item's code"),
    _text("item_code", "物资代码", "Code of the item"),
    _number("quantity", "数量", "Quantity as last counted"),
    _text("unit", "单位", "Unit"),
    _number("minimum", "最低储备", "Least quantity to be held"),
    _text("lot", "批号", "Lot"),
    _day("expires_on", "有效期至", "Expires on"),
    _moment("counted_at", "盘点时间", "Counted at"),
    _text("depot", "物资库编号", "Identity of the depot"),
    _text("depot_name_zh", "物资库", "Depot's name in Chinese"),
    _text("depot_name_en", "物资库英文名", "Depot's name in English"),
    _place("place", "所在地代码", "Code of the depot's place"),
    _condition("lifecycle"),
    *_PLACED,
    _text("exercise", "演练", "Exercise, empty in real life"),
)


def _all_kinds() -> tuple[Property, ...]:
    """The properties of records of every kind; a code has the values that it has in any of them."""
    merged: dict[str, Property] = {}
    for item in (*_TEAM, *_SHELTER, *_WATCH, *_DEPOT):
        known = merged.get(item.name)
        values = () if known is None else known.values
        merged[item.name] = structs.replace(item, values=tuple(dict.fromkeys((*values, *item.values))))
    return tuple(merged.values())


def _of_kind(kind: Kind, collection: str, zh: str, en: str, own: tuple[Property, ...]) -> Collection:
    about = f"{en} with a position; those without one are in unlocated-resources. 位置已知的{zh}。"
    return Collection(
        id=collection,
        zh=zh,
        en=en,
        about=about,
        holds="located",
        geometry="point",
        properties=(*_SHARED, *own, _TELEPHONE),
        kind=kind,
    )


# Collections that the plan documents fill come first: conformance tests look at the first three.
COLLECTIONS: dict[str, Collection] = {
    item.id: item
    for item in (
        Collection(
            id="places",
            zh="行政区与管理区",
            en="Places",
            about="Administrative places and management areas; extent_basis says what a polygon rests on. "
            "行政区划与管理区，extent_basis 说明范围依据。",
            holds="places",
            geometry="areas",
            properties=_PLACE,
        ),
        Collection(
            id="unlocated-resources",
            zh="位置未定的资源",
            en="Resources without a position",
            about="Resources of every kind without a coordinate. 尚无坐标的资源，不属于任何地图窗口。",
            holds="unlocated",
            geometry="none",
            properties=(*_SHARED, *_all_kinds(), _TELEPHONE),
        ),
        Collection(
            id="zones",
            zh="规则区域",
            en="Zones",
            about="What spatial rules measure from, such as rivers and roads; the geometry may come later. "
            "空间规则所依据的河流、道路等，几何可后补。",
            holds="zones",
            geometry="any",
            properties=_ZONE,
        ),
        _of_kind("rescue_team", "rescue-teams", "救援队伍", "Rescue teams", _TEAM),
        _of_kind("shelter", "shelters", "应急避难场所", "Shelters", _SHELTER),
        _of_kind("fire_watch_point", "fire-watch-points", "森林防火瞭望点", "Fire-watch points", _WATCH),
        _of_kind("supply_depot", "supply-depots", "救灾物资库", "Supply depots", _DEPOT),
        Collection(
            id="stock-lines",
            zh="储备物资明细",
            en="Stock lines",
            about="One feature for each line of stock, at the point of its depot, if it has "
            "one. 物资库的每一行库存，位置为所在物资库。",
            holds="stock",
            geometry="point",
            properties=_STOCK,
        ),
        Collection(
            id="coverage-footprints",
            zh="瞭望覆盖范围",
            en="Coverage footprints",
            about="The area of each located watch point as a polygon: a drawing with a stated error; "
            "coverage itself is defined by distance. 各瞭望点的覆盖范围示意，误差见 drawing_error_m。",
            holds="footprints",
            geometry="polygon",
            properties=_FOOTPRINT,
        ),
    )
}
OF_KIND: dict[Kind, Collection] = {item.kind: item for item in COLLECTIONS.values() if item.kind}


def collection(identity: str) -> Collection:
    """The collection of this id; NotFound when there is none."""
    described = COLLECTIONS.get(identity)
    if described is None:
        raise NotFound("collection", identity)
    return described

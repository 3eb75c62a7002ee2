"""A flat feature that a client wrote, as members of a record: what it cannot say stays as it is."""

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from registry.domain.errors import Invalid
from registry.domain.ogc.catalogue import OF_KIND, SEPARATOR
from registry.domain.ogc.flat import CODED, ITEMS, LOCATION, SECTOR, flattened
from registry.domain.records.resource import Resource, Space

Members = Mapping[str, Any]
Json = dict[str, Any]
DRAWN_UNCERTAINTY_M = 100.0
"""The error of a point for which a client states neither quality nor error: it was drawn on some map."""
DRAWN_SOURCE = "drawn by a client that stated no quality"
IGNORED = frozenset({"id", "fid", "telephone", "last_seen_at", "last_seen_accuracy_m", "exercise"})
"""Left out of a written feature: identity, and what is not changed by editing the record."""
SPACES = get_args(Space)
READ_ONLY = ("sources", "stock_items")
COUNTS = {item.name for one in OF_KIND.values() for item in one.properties if item.type == "integer"}
UNSAID = ("sources", "stock", "footprint", "last_seen")
"""Members that the flat form cannot write."""
SAME_DEG = 2e-7
CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
PARTS = {f"/properties/location/{name}": flat for flat, name in LOCATION.items()} | {
    "/properties/name/zh": "name_zh",
    "/properties/name/en": "name_en",
    **{f"/properties/sector/{name}": flat for flat, name in SECTOR.items()},
}


def is_nested(properties: Any) -> bool:
    """Whether a client sends the nested form: a member has members."""
    values = properties.values() if isinstance(properties, dict) else ()
    return any(
        isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value))
        for value in values
    )


def flat_pointer(pointer: str | None) -> str | None:
    """The pointer to the flat property for one into the nested members."""
    for nested, flat in PARTS.items():
        if pointer is not None and pointer.startswith(nested):
            return f"/properties/{flat}{pointer[len(nested) :]}"
    return pointer


def created(feature: Members) -> Json:
    """The nested feature of a new flat one; a point without a quality is approximate."""
    properties = _nested(_stated(feature["properties"]))
    geometry = feature.get("geometry")
    if geometry is not None:
        properties["location"] = _drawn(properties.get("location", {}))
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def replaced(feature: Members, current: Resource) -> Json:
    """The nested feature that takes the place of a record.

    A position that is sent as it was read keeps all that is known of it.
    """
    before, was = _both(current)
    sent = _with_edited_name(_stated(feature["properties"]), was)
    _check_read_only(sent, was)
    geometry, moved = _geometry(feature.get("geometry"), current)
    kept = {name: before[name] for name in _unchanged_lists(sent, was)}
    properties = _nested({name: value for name, value in sent.items() if name not in {*kept, *READ_ONLY}})
    properties |= kept | {name: before[name] for name in UNSAID if name in before}
    if moved:
        location = _drawn(_moved(properties.get("location", {}), sent, was))
        properties["location"] = location if geometry is not None else properties.get("location", {})
    else:
        properties["location"] = before["location"] | _changed_location(properties, sent, was)
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def patched(patch: Members, current: Resource) -> Json:
    """The nested merge patch (RFC 7396) of a flat one."""
    was = _both(current)[1]
    properties = patch.get("properties") or {}
    sent = {name: value for name, value in properties.items() if name not in IGNORED}
    sent = _with_edited_name(sent, was)
    _check_read_only(sent, was)
    unchanged = {*_unchanged_lists(sent, was), *READ_ONLY}
    properties = _nested({name: value for name, value in sent.items() if name not in unchanged})
    found: Json = {"properties": properties}
    if "geometry" in patch:
        found["geometry"], moved = _geometry(patch["geometry"], current)
        if moved and found["geometry"] is not None:
            location = _moved(properties.get("location", {}), sent, was)
            properties["location"] = _drawn(location) | {"candidate_places": []}
            return found
    if "location" in properties:
        properties["location"] = _changed_location(properties, sent, was)
    return found


def _both(current: Resource) -> tuple[Json, Json]:
    """The nested and the flat properties of a record."""
    feature = msgspec.to_builtins(current)
    return feature["properties"], flattened(feature)["properties"]


def _stated(properties: Members) -> Json:
    """What a client states: blank columns are not stated."""
    return {
        name: value for name, value in properties.items() if name not in IGNORED and value not in (None, "")
    }


def _geometry(sent: Any, current: Resource) -> tuple[Any, bool]:
    """The registered position after a write, and whether it was moved; what was read says nothing new."""
    feature = msgspec.to_builtins(current)
    registered, shown = feature["geometry"], flattened(feature)["geometry"]
    if _same(sent, shown) or _same(sent, registered):
        return registered, False
    return sent, True


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one is None and other is None
    ours, theirs = one.get("coordinates"), other.get("coordinates")
    if one.get("type") != other.get("type") or not isinstance(ours, list) or len(ours) < len(theirs or ()):
        return False
    pairs = zip(ours, theirs or (), strict=False)
    return all(isinstance(x, int | float) and abs(x - y) <= SAME_DEG for x, y in pairs)


def _changed_location(properties: Members, sent: Members, was: Members) -> Json:
    """The members of the location that are not as they were read."""
    changed = [
        name
        for name in LOCATION
        if name in sent and (_as_list(sent[name]) or None) != (_as_list(was[name]) or None)
    ]
    return {LOCATION[name]: properties["location"][LOCATION[name]] for name in changed}


def _moved(location: Json, sent: Members, was: Members) -> Json:
    """The location of a point that was moved: a quality as it was read is not about the new point."""
    if sent.get("location_quality", was["location_quality"]) != was["location_quality"]:
        return location
    return {name: value for name, value in location.items() if name == "datum"}


def _drawn(location: Json) -> Json:
    """A location with the defaults of a drawn point."""
    if "quality" not in location:
        location = {"source": DRAWN_SOURCE} | location | {"quality": "approximate"}
    if location["quality"] == "approximate" and location.get("uncertainty_m") is None:
        return location | {"uncertainty_m": DRAWN_UNCERTAINTY_M}
    return location


def _check_read_only(sent: Members, was: Members) -> None:
    for name in READ_ONLY:
        if name in sent and _as_list(sent[name]) != _as_list(was.get(name)):
            raise Invalid(
                f"{name} is changed in the nested form only (profile=nested)",
                field=f"properties.{name}",
                zh=f"{name} 只能以嵌套形式（profile=nested）修改",
            )


def _unchanged_lists(sent: Members, was: Members) -> list[str]:
    names = ("external_ids", "capacities", *CODED, *ITEMS)
    return [name for name in names if name in sent and (_as_list(sent[name]) or []) == was.get(name)]


def _as_list(value: Any) -> Any:
    """A text as the list that it is the joined form of; any other value as it is."""
    return (value.split(SEPARATOR) if value else []) if isinstance(value, str) else value


def _nested(properties: Members) -> Json:
    """The nested members of flat properties; None stays, since it removes a member in a patch."""
    members: Json = {}
    for name, value in _named(properties).items():
        holder, inner = PLACES.get(name, (None, name))
        read = LISTS.get(name)
        target = members if holder is None else members.setdefault(holder, {})
        whole = name in COUNTS and isinstance(value, float) and value.is_integer()
        value = int(value) if whole else value
        target[inner] = value if read is None or value is None else read(name, value)
    return members


def _named(properties: Members) -> Json:
    """The properties with `name` as the Chinese or English name by its script, where neither is stated."""
    left = dict(properties)
    text = left.pop("name", None)
    if text is not None and not left.keys() & {"name_zh", "name_en"}:
        left["name_zh" if CHINESE.search(str(text)) else "name_en"] = text
    return left


def _with_edited_name(sent: Json, was: Members) -> Json:
    """The properties where only `name` was edited beside names that are as they were read."""
    edited = sent.get("name") not in (None, was["name"])
    alike = all(sent.get(name, was[name]) == was[name] for name in ("name_zh", "name_en"))
    if not edited or not alike:
        return sent
    tongue = "name_zh" if CHINESE.search(str(sent["name"])) else "name_en"
    return {**{name: was[name] for name in ("name_zh", "name_en")}, **sent, tongue: sent["name"]}


PLACES: dict[str, tuple[str | None, str]] = {
    "name_zh": ("name", "zh"),
    "name_en": ("name", "en"),
    **{flat: ("location", name) for flat, name in LOCATION.items()},
    **{flat: ("sector", name) for flat, name in SECTOR.items()},
}


def _texts(name: str, value: Any) -> list[str]:
    found = _as_list(value)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Invalid(
            f"{name} is a list of texts, or one text with '{SEPARATOR}' between them",
            field=f"properties.{name}",
            zh=f"{name} 应为文本列表，或以“{SEPARATOR}”分隔的文本",
        )
    return found


def _coded(name: str, value: Any) -> list[Json]:
    pairs = [text.rpartition(":") for text in _texts(name, value)]
    return [{"code": code} | ({"scheme": scheme} if scheme else {}) for scheme, _, code in pairs]


def _items(name: str, value: Any) -> list[Json]:
    found = []
    for text in _texts(name, value):
        label, cross, count = text.rpartition("×")
        counted = bool(cross) and count.strip().isdecimal()
        label = label.strip() if counted else text
        item: Json = {"name": {"zh" if CHINESE.search(label) else "en": label}}
        found.append(item | ({"count": int(count)} if counted else {}))
    return found


def _external(name: str, value: Any) -> list[Json]:
    pairs = [text.partition(":") for text in _texts(name, value)]
    return [{"system": system, "id": identity} for system, _, identity in pairs]


def _capacities(name: str, value: Any) -> list[Json]:
    found = []
    for text in _texts(name, value):
        use, equals, persons = text.partition("=")
        first, slash, second = use.strip().partition("/")
        space, hazard = (first, second) if slash or first in SPACES else ("", first)
        if not equals or not persons.strip().isdecimal() or not (space or hazard):
            raise Invalid(
                f"{text} is no capacity; write indoor=480, registry:flood=300 or indoor/registry:flood=300",
                field=f"properties.{name}",
                zh=f"{text} 不是容量；应写作 indoor=480、registry:flood=300 或 indoor/registry:flood=300",
            )
        one: Json = {"persons": int(persons)} | ({"space": space} if space else {})
        found.append(one | ({"hazard": _coded(name, [hazard])[0]} if hazard else {}))
    return found


LISTS: dict[str, Callable[[str, Any], Any]] = {
    "candidate_places": _texts,
    "external_ids": _external,
    "capacities": _capacities,
    **dict.fromkeys(CODED, _coded),
    **dict.fromkeys(ITEMS, _items),
}

"""A small reader of Mapbox Vector Tiles (specification 2.1), written from the specification for the tests."""

import struct
from collections.abc import Iterator
from typing import Any


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                value, at = _varint(data, at)
            case 1:
                value, at = data[at : at + 8], at + 8
            case 2:
                size, at = _varint(data, at)
                value, at = data[at : at + size], at + size
            case _:
                value, at = data[at : at + 4], at + 4
        yield key >> 3, value


def _numbers(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        found.append(value)
    return found


def _value(data: bytes) -> Any:
    number, value = next(_fields(data))
    match number:
        case 1:
            return value.decode()
        case 2:
            return struct.unpack("<f", value)[0]
        case 3:
            return struct.unpack("<d", value)[0]
        case 6:
            return value >> 1 ^ -(value & 1)
        case 7:
            return bool(value)
        case _:
            return value


def _zigzag(value: int) -> int:
    return value >> 1 ^ -(value & 1)


def _points(commands: list[int]) -> list[tuple[int, int]]:
    found, at, x, y = [], 0, 0, 0
    while at < len(commands):
        command, count, at = commands[at] & 7, commands[at] >> 3, at + 1
        for _ in range(count if command != 7 else 0):
            x, y = x + _zigzag(commands[at]), y + _zigzag(commands[at + 1])
            found.append((x, y))
            at += 2
    return found


def decode(tile: bytes) -> dict[str, list[dict[str, Any]]]:
    """The features of each layer: their properties, with every vertex in `points` in tile units."""
    layers: dict[str, list[dict[str, Any]]] = {}
    for number, layer in _fields(tile):
        assert number == 3
        parts = list(_fields(layer))
        name = next(value for key, value in parts if key == 1).decode()
        keys = [value.decode() for key, value in parts if key == 3]
        values = [_value(value) for key, value in parts if key == 4]
        for key, feature in parts:
            if key == 2:
                inner = dict(_fields(feature))
                tags = _numbers(inner.get(2, b""))
                known = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
                layers.setdefault(name, []).append(known | {"points": _points(_numbers(inner[4]))})
    return layers

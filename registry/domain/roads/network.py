"""A road network as arrays: junctions, the pieces of road between them, and an index of where pieces are."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from registry.domain.roads.leg import RoadData
from registry.domain.roads.speeds import SpeedTable

FORM = 1
ALIGN = 64
FORWARD, BACKWARD = 1, 2
LICENCE = "© OpenStreetMap contributors, ODbL 1.0"


class RoadCounts(Struct, frozen=True, kw_only=True):
    """What a load found: for people who decide whether the extract is good enough."""

    ways: int
    junctions: int
    pieces: int
    arcs: int
    components: int
    left_out: int
    """Junctions outside the main component; nothing is searched there."""
    without_speed: int
    """Ways without a posted speed that can be read."""
    limited: int
    """Pieces with a limit of weight or height."""
    barriers: int
    """Junctions that no vehicle passes."""


class NetworkHead(Struct, frozen=True, kw_only=True):
    """What is known of a network beside its arrays."""

    form: int
    source: str
    """The name of the file that was loaded."""
    extract_at: datetime
    extent: tuple[float, float, float, float]
    licence: str
    speeds: SpeedTable
    fastest_m_per_s: float
    counts: RoadCounts
    cells: tuple[float, float, float, float, int]
    """West and south of the index, the height and width of a cell in degrees, and the cells in a row."""


class RoadNetwork:
    """The arrays of a network; they may be views of a mapped file.

    `lon`, `lat` of each junction; `begin`, `end`, `seconds`, `ways`, `road_class`, `max_t`, `max_height_m` of
    each piece; `out_*` and `in_*` the arcs by the junction that they leave and that they reach, with the
    piece of each; `cell`, `cell_start`, `cell_piece` the pieces in each cell of the index.
    """

    NAMES = (
        "lon", "lat", "begin", "end", "seconds", "ways", "road_class", "max_t", "max_height_m",
        "out_start", "out_to", "out_piece", "in_start", "in_from", "in_piece",
        "cell", "cell_start", "cell_piece",
    )  # fmt: skip

    def __init__(self, head: NetworkHead, arrays: dict[str, NDArray[Any]], version: str) -> None:
        self.head, self.version = head, version
        self.arrays = arrays
        for name in self.NAMES:
            setattr(self, name, arrays[name])

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    begin: NDArray[np.int32]
    end: NDArray[np.int32]
    seconds: NDArray[np.float64]
    ways: NDArray[np.uint8]
    road_class: NDArray[np.uint8]
    max_t: NDArray[np.float32]
    max_height_m: NDArray[np.float32]
    out_start: NDArray[np.int32]
    out_to: NDArray[np.int32]
    out_piece: NDArray[np.int32]
    in_start: NDArray[np.int32]
    in_from: NDArray[np.int32]
    in_piece: NDArray[np.int32]
    cell: NDArray[np.int64]
    cell_start: NDArray[np.int32]
    cell_piece: NDArray[np.int32]

    def known(self) -> RoadData:
        """Version, date, extent and licence."""
        head = self.head
        return RoadData(
            version=self.version,
            extract_at=head.extract_at,
            extent=head.extent,
            licence=head.licence,
            speeds=head.speeds.name,
        )


class _Shape(Struct, frozen=True):
    name: str
    dtype: str
    length: int
    offset: int


class _Packed(Struct, frozen=True):
    head: NetworkHead
    arrays: list[_Shape]


def pack(head: NetworkHead, arrays: dict[str, NDArray[Any]]) -> bytes:
    """One block of bytes: the length of its description, the description, the arrays on 64-byte borders."""
    shapes, parts, offset = [], [], 0
    for name in RoadNetwork.NAMES:
        content = np.ascontiguousarray(arrays[name])
        shapes.append(_Shape(name, content.dtype.str, len(content), offset))
        padded = content.tobytes().ljust(-(-content.nbytes // ALIGN) * ALIGN, b"\0")
        parts.append(padded)
        offset += len(padded)
    described = msgspec.json.encode(_Packed(head, shapes))
    begin = -(-(8 + len(described)) // ALIGN) * ALIGN
    return b"".join(
        [len(described).to_bytes(8, "little"), described, bytes(begin - 8 - len(described)), *parts]
    )


def unpack(content: Any, version: str) -> RoadNetwork:
    """The network in such a block, which may be a mapped file; its arrays are views of it."""
    whole = memoryview(content)
    length = int.from_bytes(whole[:8], "little")
    packed = msgspec.json.decode(bytes(whole[8 : 8 + length]), type=_Packed)
    begin = -(-(8 + length) // ALIGN) * ALIGN
    arrays = {
        one.name: np.frombuffer(whole, np.dtype(one.dtype), one.length, begin + one.offset)
        for one in packed.arrays
    }
    return RoadNetwork(packed.head, arrays, version)


def version_of(content: bytes) -> str:
    """The version of a packed network: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(content).hexdigest()[:16]

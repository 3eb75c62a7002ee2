"""A picture as it is kept, and how large the file may be that it is made from."""

from msgspec import Struct

MOST_BYTES = 4 * 2**20


class Picture(Struct, frozen=True, kw_only=True):
    """A picture without metadata, upright, as JPEG, and a small one of it."""

    content: bytes
    thumbnail: bytes
    width_px: int
    height_px: int
